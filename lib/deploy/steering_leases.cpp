// SPDX-License-Identifier: MIT
#include "deploy/steering_leases.h"

#include <fmt/format.h>

#include <utility>

namespace rollctl {

Status SteeringLeases::grant(InstanceId id, SteeringTerm term) {
  ROLL_TRY_ASSIGN(auto handles, world_.steering.share(id));
  if (handles.empty()) return {};
  unanswered_.insert_or_assign(id, world_.instances.hold_steering(id, std::move(handles), term));
  holders_.insert(id);
  return {};
}

void SteeringLeases::try_grant(InstanceId id, SteeringTerm term) {
  if (Status granted = grant(id, term); !granted) warn(id, granted.error());
}

Status SteeringLeases::await(InstanceId id) {
  auto granted = unanswered_.extract(id);
  if (!granted) return {};
  Status held = granted.mapped().await();
  if (!held) holders_.erase(id);
  return held;
}

void SteeringLeases::await_all() {
  while (!unanswered_.empty()) {
    const InstanceId id = unanswered_.begin()->first;
    if (Status held = await(id); !held) warn(id, held.error());
  }
}

void SteeringLeases::warn(InstanceId id, const Error& error) {
  world_.observer.on_warning(
      fmt::format("instance {} cannot look after its own steering: {}", id, error.message));
}

void SteeringLeases::revoke(InstanceId id) {
  if (holders_.erase(id) > 0) (void)world_.instances.hold_steering(id, {});
}

std::vector<Acknowledgement> SteeringLeases::revoke_all() {
  std::vector<Acknowledgement> answers;
  for (const auto& [id, member] : fleet_.members())
    if (!member.gone()) answers.push_back(world_.instances.hold_steering(id, {}));
  return answers;
}

}  // namespace rollctl
