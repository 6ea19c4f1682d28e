// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "deploy/ending.h"
#include "deploy/fleet.h"
#include "deploy/wait.h"
#include "deploy/world.h"

namespace rollctl {

[[nodiscard]] bool any_in_trouble(const Fleet& fleet, const std::vector<InstanceId>& ids);

// InstanceFailed for the first of `ids` that is in trouble. Blocks up to 100 ms where it became unready: its
// shim may be about to tell that the server died.
Act check_trouble(World& world, const Fleet& fleet, const std::vector<InstanceId>& ids);

// The same, after the events that have come by now were heard.
Act check_news(World& world, const Fleet& fleet, const std::vector<InstanceId>& ids);

// The ending of a wait for `ids`: the signal that cut it short, else their trouble.
Act check_wait(World& world, const Fleet& fleet, Waited waited, const std::vector<InstanceId>& ids);

// Watches new instances for `duration`: one that dies or becomes unready ends it, and so does a signal.
Act bake(World& world, const Fleet& fleet, const std::vector<InstanceId>& fresh, Millis duration);

}  // namespace rollctl
