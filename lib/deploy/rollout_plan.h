// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "deploy/fleet.h"
#include "deploy/plan.h"
#include "deploy/rollout_request.h"
#include "deploy/traffic.h"

namespace rollctl {

// The instances that get new connections now, as their records say.
Traffic found_traffic(const Fleet& fleet);

// The instances that stand by for the generation to which the request returns.
std::vector<InstanceId> returning(const RolloutRequest& request, const Fleet& fleet);

// The steps of a request, from what was found and what serves.
Plan plan_rollout(const RolloutRequest& request, const Fleet& fleet, const Traffic& before);

// Unsupported where the handover of this host cannot do what is asked for beside what serves.
Status check_handover(const RolloutRequest& request, const Traffic& before, const Steering& steering);

// Unsupported where the plan needs more slots of the steering, or more descriptors, than there are.
Status check_room(const Plan& plan, const RolloutRequest& request, const Fleet& fleet, const Traffic& before,
                  const Steering& steering);

}  // namespace rollctl
