// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "steering/steering.h"

namespace rollctl {

// The user's choice: the best way that the host allows, or exactly one.
enum class HandoverPolicy { Auto, Steer, Migrate, Plain };

const char* handover_policy_name(HandoverPolicy policy);
Result<HandoverPolicy> parse_handover_policy(std::string_view name);

// Nothing with Auto.
std::optional<Handover> insisted_handover(HandoverPolicy policy);

}  // namespace rollctl
