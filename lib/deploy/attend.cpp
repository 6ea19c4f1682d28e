// SPDX-License-Identifier: MIT
// Steering that ends with this process is of no use to a canary, or a standby, that would outlive it: so this
// process stays with them.
#include <fmt/format.h>

#include "base/duration.h"
#include "deploy/rollout.h"

namespace rollctl {

Ending Rollout::attend() {
  const bool decides_later =
      request_.shape == RolloutRequest::Shape::Replace && !acts_.traffic().canaries.empty();
  if (world_.steering.outlives_rollctl() || (!decides_later && held_.empty())) return {};
  attending_ = true;
  if (request_.on_attend) request_.on_attend();
  Ending ending = decides_later ? attend_canary() : Ending();
  if (ending.done()) ending = attend_hold();
  attending_ = !ending.done();
  return ending;
}

Ending Rollout::attend_canary() {
  world_.observer.on_warning(
      fmt::format("this host steers only while rollctl runs, so it stays with the canary: `rollctl promote "
                  "{}` in another shell goes on, an interrupt ends the canary",
                  request_.spec.app));
  const Waited waited = wait_until(
      world_, [&] { return world_.interrupts.told_to_promote() || acts_.any_in_trouble(fresh_); },
      TimePoint::max(), OnInterrupt::Heed);
  if (waited != Waited::Satisfied) return acts_.interruption();
  if (Ending trouble = acts_.trouble_among(fresh_); !trouble.done()) return trouble;
  const std::vector<InstanceId> old = fleet_.which([&](const Member& member) {
    return before_.contains(member.id) && !member.gone() && member.state != InstanceState::Draining;
  });
  const Plan rest = plan_replacement(old, request_.instances, request_.batch, 1);
  plan_.insert(plan_.end(), rest.begin(), rest.end());
  for (const Step& step : rest) {
    if (Ending ending = replace(step); !ending.done()) return ending;
    ++steps_done_;
  }
  return {};
}

// The instant rollback of here is Ctrl-C.
Ending Rollout::attend_hold() {
  if (held_.empty()) return {};
  world_.observer.on_warning(fmt::format(
      "this host steers only while rollctl runs, so it stays for the {} of the hold: an interrupt returns "
      "to the release before",
      human_duration(request_.hold)));
  if (Ending ending = acts_.bake(fresh_, request_.hold); !ending.done()) return ending;
  leaving_.insert(leaving_.end(), held_.begin(), held_.end());
  return acts_.begin_drain(std::exchange(held_, {}), request_.drain);
}

}  // namespace rollctl
