// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "config/app_config.h"
#include "steering/steering.h"

namespace roll {

// One batch: so many start, and when they serve, these leave.
struct Step {
  int launch = 0;
  std::vector<InstanceId> leave;

  bool operator==(const Step&) const = default;
};
using Plan = std::vector<Step>;

// Every old instance is replaced, the oldest first, and `instances` new ones serve in the end. At every
// moment at least min(old, instances) serve. With nothing to launch or to leave the plan is empty.
Plan plan_replacement(std::vector<InstanceId> old, int instances, const Batch& batch);

// As many as are missing start, or as many as are too many leave, the newest first.
Plan plan_scale(std::vector<InstanceId> serving, int instances, const Batch& batch);

// All leave at once.
Plan plan_stop(std::vector<InstanceId> all);

}  // namespace roll
