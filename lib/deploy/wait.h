// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "deploy/world.h"

namespace rollctl {

enum class Waited {
  Satisfied,
  DeadlinePassed,
  Interrupted,  // by a first signal, where the wait heeds one
  Abandoned,    // by a second signal: leave at once
};

// What a wait does with a first SIGINT or SIGTERM: before the last shift it ends the wait, later on nothing
// is to be undone.
enum class OnInterrupt { Heed, Ignore };

Waited wait_until(World& world, const std::function<bool()>& satisfied, TimePoint deadline,
                  OnInterrupt on_interrupt);

}  // namespace rollctl
