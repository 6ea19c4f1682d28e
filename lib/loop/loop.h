// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"

struct event;
struct event_base;

namespace roll {

// What a Loop watches for somebody. Destroying it (or reset()) ends the watch, also from within its own
// callback; the callback is never called afterwards. It must not outlive its Loop.
class Watch {
 public:
  using Callback = std::function<void()>;

  Watch();
  Watch(Watch&&) noexcept;
  Watch& operator=(Watch&&) noexcept;
  ~Watch();

  explicit operator bool() const { return state_ != nullptr; }
  void reset();

 private:
  friend class Loop;
  struct State;
  explicit Watch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

enum class WaitEnd { Satisfied, DeadlinePassed };

// The only owner of an event_base. One thread. Callbacks run inside run() and run_until() only.
class Loop {
 public:
  static Result<std::unique_ptr<Loop>> create();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The descriptor is borrowed and must stay open as long as the watch. Level-triggered, until the watch
  // ends.
  [[nodiscard]] Watch on_readable(int fd, Watch::Callback callback);
  [[nodiscard]] Watch on_writable(int fd, Watch::Callback callback);
  // Once.
  [[nodiscard]] Watch after(Micros delay, Watch::Callback callback);
  // Again and again.
  [[nodiscard]] Watch every(Micros interval, Watch::Callback callback);
  [[nodiscard]] Watch on_signal(int signal, Watch::Callback callback);

  // Handles events until stop() is called from a callback.
  void run();
  void stop();

  // Handles events until `satisfied` holds (it is asked before anything else and after every round of events)
  // or the deadline has passed. Never nested: a callback must not call it.
  WaitEnd run_until(const std::function<bool()>& satisfied, TimePoint deadline);

  // For the floors that hand libevent objects of their own (bufferevents) to this loop. Borrowed.
  [[nodiscard]] event_base* base() const { return base_; }

 private:
  explicit Loop(event_base* base) : base_(base) {}
  Watch watch(int fd, short what, Micros delay, Watch::Callback callback);
  event_base* base_;
};

}  // namespace roll
