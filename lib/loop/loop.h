// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "loop/scheduler.h"
#include "loop/watch.h"

struct event_base;

namespace rollctl {

// A libevent event_base. For one thread. Callbacks run inside run() and run_until() only.
//
// Its methods beyond twelve are the two clocks and base().
class Loop final : public Scheduler {
 public:
  static Result<std::unique_ptr<Loop>> create();
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The descriptor is borrowed and must stay open as long as the watch. Level-triggered.
  [[nodiscard]] Watch on_readable(int fd, Watch::Callback callback);
  [[nodiscard]] Watch on_writable(int fd, Watch::Callback callback);
  [[nodiscard]] Watch after(Micros delay, Watch::Callback callback) override;
  // Calls back at every interval until the watch ends.
  [[nodiscard]] Watch every(Micros interval, Watch::Callback callback);
  [[nodiscard]] Watch on_signal(int signal, Watch::Callback callback);

  // Handles events until stop() is called from a callback.
  void run();
  void stop();

  WaitEnd run_until(const std::function<bool()>& satisfied, TimePoint deadline) override;

  [[nodiscard]] TimePoint now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime wall_now() const override { return std::chrono::system_clock::now(); }

  // For callers that create libevent objects (bufferevents) on this loop. Borrowed.
  [[nodiscard]] event_base* base() const { return base_; }

 private:
  explicit Loop(event_base* base) : base_(base) {}
  Watch watch(int fd, short what, Micros delay, Watch::Callback callback);
  event_base* base_;
};

}  // namespace rollctl
