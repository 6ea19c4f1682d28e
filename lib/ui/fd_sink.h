// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/sink.h"

namespace rollctl {

// Text that waits for a thread that writes it. For descriptors of one and the same file (standard output and
// standard error of a terminal), so that it comes in the order in which it was given.
class WaitingText;

// A descriptor, borrowed, as a sink. It may be of any kind, and stays in the mode in which it is: others have
// the same open file.
//
// At first write() blocks for as long as the other side does not take the text. From go_beside() on it never
// does: a thread writes, and only that waits.
class FdSink final : public Sink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  // What waits is left behind with the thread, which ends with the program.
  ~FdSink() override;
  FdSink(const FdSink&) = delete;
  FdSink& operator=(const FdSink&) = delete;

  void write(std::string_view text) override;

  // From 256 KiB on it is Slow, and Blocked when nothing was taken for a second.
  [[nodiscard]] Flow flow() const override;
  // Left out from 8 MiB on.
  [[nodiscard]] bool offer(std::string_view text) override;

  // From now on a thread writes, for both sinks where they are the same file. Once.
  static void go_beside(FdSink& one, FdSink& other);

  // Blocks until everything is written, or `enough` says that it was waited for long enough, which is given
  // the time for which nothing was taken and asked every few milliseconds.
  void await_written(const std::function<bool(Millis standstill)>& enough);

 private:
  int fd_;
  std::shared_ptr<WaitingText> waiting_;
};

}  // namespace rollctl
