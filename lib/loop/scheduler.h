// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "base/clock.h"
#include "loop/watch.h"

namespace rollctl {

enum class WaitEnd { Satisfied, DeadlinePassed };

// Time: now, later, and waiting. The real one is a Loop; that of the tests jumps to the next timer.
class Scheduler : public Clock {
 public:
  // Calls back once.
  [[nodiscard]] virtual Watch after(Micros delay, Watch::Callback callback) = 0;

  // Handles events until `satisfied` holds, which is checked first and after every round of events, or the
  // deadline has passed. A callback must not call it.
  virtual WaitEnd run_until(const std::function<bool()>& satisfied, TimePoint deadline) = 0;
};

}  // namespace rollctl
