// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "config/app_config.h"
#include "steering/steering.h"

namespace rollctl {

// One batch: `launch` new instances start, and when they serve, `leave` goes.
struct Step {
  int launch = 0;
  std::vector<InstanceId> leave;
  std::vector<InstanceId> enter = {};  // of those that stand by: they serve again
  // Percent: the share of the one that starts, or of the canary that stands. Nothing: a full share.
  std::optional<double> canary = {};

  bool operator==(const Step&) const = default;
};
using Plan = std::vector<Step>;

// Replaces every old instance, the oldest first, by `instances` new ones, of which `standing` serve already.
// At every moment at least min(old, instances) serve. The plan is empty where none starts and none leaves.
Plan plan_replacement(std::vector<InstanceId> old, int instances, const Batch& batch, int standing = 0);

// Starts one new instance with the first share; with Then::Replace it gets the others one after the other,
// and the rest of the replacement follows.
enum class Then { Stop, Replace };
Plan plan_canary(std::vector<InstanceId> old, int instances, const Batch& batch,
                 const std::vector<double>& shares, Then then);

// Lets those that stand by serve again, starts as many as are missing, and lets every old instance leave.
Plan plan_return(std::vector<InstanceId> standby, std::vector<InstanceId> old, int instances);

// Starts as many as are missing, or lets the surplus leave, the newest first.
Plan plan_scale(std::vector<InstanceId> serving, int instances, const Batch& batch);

// Lets all leave at once.
Plan plan_stop(std::vector<InstanceId> all);

}  // namespace rollctl
