// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "config/app_config.h"
#include "steering/steering.h"

namespace rollctl {

// One batch: so many start, and when they serve, these leave.
struct Step {
  int launch = 0;
  std::vector<InstanceId> leave;
  std::vector<InstanceId> enter = {};  // that stand by, and serve again
  double canary = 0;                   // percent: the one that starts gets no more than this share

  bool operator==(const Step&) const = default;
};
using Plan = std::vector<Step>;

// Every old instance is replaced, the oldest first, and `instances` new ones serve in the end. At every
// moment at least min(old, instances) serve. With nothing to launch or to leave the plan is empty.
// `standing`: so many of the new ones serve already.
Plan plan_replacement(std::vector<InstanceId> old, int instances, const Batch& batch, int standing = 0);

// One new instance with that share, and with Then::Replace the rest of the replacement.
enum class Then { Stop, Replace };
Plan plan_canary(std::vector<InstanceId> old, int instances, const Batch& batch, double percent, Then then);

// Those that stand by serve again, and every other leaves; as many as are missing start.
Plan plan_return(std::vector<InstanceId> standby, std::vector<InstanceId> old, int instances);

// As many as are missing start, or as many as are too many leave, the newest first.
Plan plan_scale(std::vector<InstanceId> serving, int instances, const Batch& batch);

// All of these leave at once.
Plan plan_stop(std::vector<InstanceId> all);

}  // namespace rollctl
