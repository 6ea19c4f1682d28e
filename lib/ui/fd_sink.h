// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/sink.h"

namespace rollctl {

// Text queued for a writer thread. Two descriptors of the same file (stdout and stderr of a terminal) share
// one, so that their texts keep their order.
class WaitingText;

// A borrowed descriptor of any kind as a sink. Its O_NONBLOCK flag is left alone: other processes share the
// open file.
//
// At first write() blocks while the reader is slow. After
// write_in_background() a thread writes, and write() never blocks.
class FdSink final : public Sink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  // The thread keeps the queued text and ends with the process.
  ~FdSink() override;
  FdSink(const FdSink&) = delete;
  FdSink& operator=(const FdSink&) = delete;

  void write(std::string_view text) override;

  // Slow from 256 KiB queued on; Blocked if the reader has also taken nothing for a second.
  [[nodiscard]] Flow flow() const override;
  // Drops the text from 8 MiB queued on.
  [[nodiscard]] bool offer(std::string_view text) override;

  // Starts the writer threads; one for both sinks if they are the same file. Call it once.
  static void write_in_background(FdSink& one, FdSink& other);

  // Blocks until everything is written or `enough` returns true. `enough` is called every few milliseconds
  // with the time since the reader last took something.
  void await_written(const std::function<bool(Millis standstill)>& enough);

 private:
  int fd_;
  std::shared_ptr<WaitingText> waiting_;
};

}  // namespace rollctl
