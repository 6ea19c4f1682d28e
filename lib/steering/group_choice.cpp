// SPDX-License-Identifier: MIT
#include "steering/group_choice.h"

#include <cmath>
#include <string>

namespace rollctl {

int closeness(const Endpoint& bound, const Endpoint& target) {
  if (bound == target) return 3;
  if (bound.port != target.port || !bound.ip.is_unspecified()) return 0;
  if (bound.ip.is_v4()) return target.ip.is_v4() ? 2 : 0;
  return target.ip.is_v4() ? 1 : 2;
}

Status check_rotation(const Rotation& rotation, const std::function<bool(InstanceId)>& listens) {
  bool any_listens = rotation.empty();
  for (const auto& [instance, weight] : rotation) {
    if (!(weight >= 0) || std::isinf(weight))
      return fail(ErrorKind::Invalid,
                  "the weight of instance " + std::to_string(instance) + " is negative or not finite");
    any_listens = any_listens || listens(instance);
  }
  if (any_listens) return {};
  return fail(ErrorKind::Invalid, "no instance of the rotation listens");
}

}  // namespace rollctl
