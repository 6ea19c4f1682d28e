// SPDX-License-Identifier: MIT
#pragma once

#include "deploy/rollout.h"

namespace rollctl {

// A change that --dry-run planned.
struct PlannedChange {
  RolloutRequest request;
  Plan plan;
};

}  // namespace rollctl
