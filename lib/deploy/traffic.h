// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <set>

#include "steering/steering.h"

namespace rollctl {

// Which instances get new connections. A canary gets its own share; the others share the rest equally.
struct Traffic {
  std::set<InstanceId> rotation;          // including canaries
  std::map<InstanceId, double> canaries;  // percent

  [[nodiscard]] bool contains(InstanceId id) const { return rotation.contains(id); }
  [[nodiscard]] bool is_canary(InstanceId id) const { return canaries.contains(id); }

  // Percentages of the members that can be reached. Where all of those are canaries, they share 100.
  [[nodiscard]] Rotation weights(const std::set<InstanceId>& reachable) const;

  bool operator==(const Traffic&) const = default;
};

}  // namespace rollctl
