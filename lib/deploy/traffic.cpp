// SPDX-License-Identifier: MIT
#include "deploy/traffic.h"

namespace rollctl {

Rotation Traffic::weights(const std::set<InstanceId>& reachable) const {
  Rotation weights;
  double left = 100;
  size_t sharing = 0;
  for (InstanceId id : reachable) {
    const auto canary = canaries.find(id);
    if (canary == canaries.end()) {
      ++sharing;
    } else {
      weights[id] = canary->second;
      left -= canary->second;
    }
  }
  for (InstanceId id : reachable) {
    if (sharing == 0) {
      weights[id] = 100.0 / static_cast<double>(reachable.size());
    } else if (!is_canary(id)) {
      weights[id] = left / static_cast<double>(sharing);
    }
  }
  return weights;
}

}  // namespace rollctl
