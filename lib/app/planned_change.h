// SPDX-License-Identifier: MIT
#pragma once

#include "deploy/rollout.h"

namespace rollctl {

// A change that was only looked at.
struct PlannedChange {
  RolloutRequest request;
  Plan plan;
};

}  // namespace rollctl
