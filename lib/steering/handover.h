// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "steering/steering.h"

namespace roll {

// What the user asked for: the best way that the host allows, or one and no other.
enum class HandoverPolicy { Auto, Steer, Migrate, Plain };
const char* handover_policy_name(HandoverPolicy policy);
Result<HandoverPolicy> parse_handover_policy(std::string_view name);

// The best way that this host and user allow, or the one insisted on; Unsupported or NotPermitted, with what
// is missing and how to get it, where that one cannot be had. `held` is what the app's shims hold while a
// group is steered: it is taken over, so that the traffic stays as it is.
Result<std::unique_ptr<Steering>> choose_steering(HandoverPolicy policy, std::vector<SteeringHandle> held);

// What a way promises, as one sentence for people, and for those that promise less, what would get more.
std::string handover_guarantee(Handover handover);
std::string handover_hint(Handover handover);

}  // namespace roll
