// SPDX-License-Identifier: MIT
#pragma once

#include "deploy/acts.h"
#include "deploy/fleet.h"
#include "deploy/rollout_request.h"
#include "deploy/verdict.h"
#include "deploy/world.h"

namespace rollctl {

// The parts of a verdict. All are borrowed.
struct RolloutView {
  const World& world;
  const RolloutRequest& request;
  const Fleet& fleet;
  const Acts& acts;
};

// The verdict on a change whose traffic has moved. `finished`: how what follows the last shift has ended.
// `leaving`: the instances that were told to end.
Verdict judge_completed(const RolloutView& view, const Act& finished, const std::vector<InstanceId>& leaving);

// The verdict on a change that ended before, and was taken back as `undone` says.
Verdict judge_given_up(const RolloutView& view, const Ending& ending, const Act& undone);

}  // namespace rollctl
