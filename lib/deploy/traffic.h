// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <set>

#include "steering/steering.h"

namespace rollctl {

// Who gets new connections: all of the rotation equal shares of what its canaries leave.
struct Traffic {
  std::set<InstanceId> rotation;          // the canaries among them
  std::map<InstanceId, double> canaries;  // percent

  [[nodiscard]] bool contains(InstanceId id) const { return rotation.contains(id); }
  [[nodiscard]] bool is_canary(InstanceId id) const { return canaries.contains(id); }

  // Percentages of those that can be reached. With nobody but canaries they have it all.
  [[nodiscard]] Rotation weights(const std::set<InstanceId>& reachable) const;

  bool operator==(const Traffic&) const = default;
};

}  // namespace rollctl
