// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "deploy/ending.h"
#include "deploy/world.h"

namespace rollctl {

enum class Waited {
  Satisfied,
  DeadlinePassed,
  Interrupted,  // by a first signal, where the wait heeds one
  Abandoned,    // by a second signal: leave at once
};

// Whether a first SIGINT or SIGTERM ends a wait. It does before the last shift; afterwards nothing is undone.
enum class OnInterrupt { Heed, Ignore };

// Runs the scheduler until `satisfied` holds, the deadline passes or a signal ends the wait.
Waited wait_until(World& world, const std::function<bool()>& satisfied, TimePoint deadline,
                  OnInterrupt on_interrupt);

// Interrupted or Abandoned where a signal has come by now, also while nothing waited.
Act check_interrupts(const World& world);

}  // namespace rollctl
