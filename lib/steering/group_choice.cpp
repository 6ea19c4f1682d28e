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
  bool anybody = rotation.empty();
  for (const auto& [instance, weight] : rotation) {
    if (!(weight >= 0) || std::isinf(weight))
      return fail(ErrorKind::Invalid, "instance " + std::to_string(instance) + " has a weight that is none");
    anybody = anybody || listens(instance);
  }
  if (anybody) return {};
  return fail(ErrorKind::Invalid, "nobody of the rotation listens");
}

}  // namespace rollctl
