// SPDX-License-Identifier: MIT
#include "steering/handover_policy.h"

#include <string>

namespace rollctl {

const char* handover_policy_name(HandoverPolicy policy) {
  const auto handover = insisted_handover(policy);
  return handover ? handover_name(*handover) : "auto";
}

Result<HandoverPolicy> parse_handover_policy(std::string_view name) {
  for (const HandoverPolicy policy :
       {HandoverPolicy::Auto, HandoverPolicy::Steer, HandoverPolicy::Migrate, HandoverPolicy::Plain}) {
    if (name == handover_policy_name(policy)) return policy;
  }
  return fail(ErrorKind::Invalid, "'" + std::string(name) + "' is not a way to hand over",
              "auto, steer, migrate or plain");
}

std::optional<Handover> insisted_handover(HandoverPolicy policy) {
  switch (policy) {
    case HandoverPolicy::Steer:
      return Handover::Steer;
    case HandoverPolicy::Migrate:
      return Handover::Migrate;
    case HandoverPolicy::Plain:
      return Handover::Plain;
    case HandoverPolicy::Auto:
      break;
  }
  return std::nullopt;
}

}  // namespace rollctl
