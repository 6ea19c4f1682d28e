// SPDX-License-Identifier: MIT
// What stands, whether this host can do what is wanted of it, and in which steps.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "deploy/descriptor_need.h"
#include "deploy/rollout.h"

namespace rollctl {

namespace {

bool takes_connections(const Member& member) {
  return member.state == InstanceState::Serving || member.state == InstanceState::Canary ||
         member.state == InstanceState::Restarting;
}

}  // namespace

Status Rollout::look_around() {
  if (Status discovered = fleet_.discover(); !discovered) return discovered;
  for (const auto& [id, member] : fleet_.members()) {
    if (!takes_connections(member)) continue;
    before_.rotation.insert(id);
    if (member.state == InstanceState::Canary) before_.canaries[id] = member.weight;
  }
  return {};
}

// What cannot be promised is refused before anything is touched.
Status Rollout::check_handover() const {
  if (before_.rotation.empty()) return {};
  const char* what = request_.canary > 0                        ? "a canary"
                     : request_.hold > Millis(0)                ? "a hold"
                     : request_.drain.start == DrainStart::Idle ? "drain.order = \"idle\""
                                                                : nullptr;
  if (what == nullptr) return {};
  if (world_.steering.way() != Handover::Steer)
    return rollctl::fail(ErrorKind::Unsupported,
                         fmt::format("{} needs steering, and this host hands over by `{}` only", what,
                                     handover_name(world_.steering.way())),
                         "see `rollctl doctor` for how to get it");
  const bool stays = request_.canary > 0 || request_.hold > Millis(0);
  if (stays && request_.after_shift == AfterShift::Detach && !world_.steering.outlives_rollctl())
    return rollctl::fail(
        ErrorKind::Unsupported,
        fmt::format("{} cannot be detached from: this host steers only while rollctl runs", what),
        "leave out --detach, or see `rollctl doctor` for how to get more");
  return {};
}

// The tables in the kernel, and the descriptors of this process.
Status Rollout::check_room(const Plan& plan) const {
  DescriptorNeed need;
  need.standing = fleet_.which([](const Member& member) { return !member.gone(); }).size();
  need.addresses = request_.spec.config.listen.size();
  size_t serving = before_.rotation.size();
  size_t most = serving;
  for (const Step& step : plan) {
    need.starting += static_cast<size_t>(step.launch);
    serving += static_cast<size_t>(step.launch) + step.enter.size();
    most = std::max(most, serving);
    serving -= std::min(serving, step.leave.size());
  }
  const bool steers = world_.steering.way() == Handover::Steer;
  if (steers && !world_.steering.outlives_rollctl()) need.keeps = DescriptorNeed::Keeps::ForEachListener;
  if (steers && most > kMostSteered)
    return rollctl::fail(
        ErrorKind::Unsupported,
        fmt::format("{} instances would listen at a time, and no more than {} can be steered", most,
                    kMostSteered),
        "replace fewer at a time with --batch, or run fewer");
  return check_descriptors(need);
}

// Whoever stands by for this very release.
std::vector<InstanceId> Rollout::returning() const {
  if (!request_.returns_to) return {};
  return fleet_.which([&](const Member& member) {
    return member.state == InstanceState::Standby && member.generation == *request_.returns_to;
  });
}

Plan Rollout::make_plan() const {
  using Shape = RolloutRequest::Shape;
  // Those that drain already have left; their shims see to them. A standby is seen to apart.
  const std::vector<InstanceId> all = fleet_.which([](const Member& member) {
    return !member.gone() && member.state != InstanceState::Draining &&
           member.state != InstanceState::Standby;
  });
  const auto but = [&](auto leaves_out) {
    std::vector<InstanceId> rest;
    std::copy_if(all.begin(), all.end(), std::back_inserter(rest),
                 [&](InstanceId id) { return !leaves_out(id); });
    return rest;
  };
  const auto serves = [&](InstanceId id) { return before_.contains(id) && !before_.is_canary(id); };
  const auto is_canary = [&](InstanceId id) { return before_.is_canary(id); };
  switch (request_.shape) {
    case Shape::Replace: {
      if (const auto back = returning(); !back.empty()) return plan_return(back, all, request_.instances);
      if (request_.canary == 0 || before_.rotation.empty())
        return plan_replacement(all, request_.instances, request_.batch);
      const Then then = request_.bake > Millis(0) ? Then::Replace : Then::Stop;
      return plan_canary(all, request_.instances, request_.batch, request_.canary, then);
    }
    case Shape::Stop:
      return plan_stop(all);
    case Shape::Promote:
      return plan_replacement(but(is_canary), request_.instances, request_.batch,
                              static_cast<int>(before_.canaries.size()));
    case Shape::Withdraw:
      return plan_stop(but(serves));
    case Shape::TopUp:
      break;
  }
  // Of other generations only those serve that a shim brought back unasked.
  const auto belongs = [&](InstanceId id) {
    return serves(id) && fleet_.at(id).generation == request_.spec.generation;
  };
  std::vector<InstanceId> serving;
  std::copy_if(all.begin(), all.end(), std::back_inserter(serving), belongs);
  Plan plan = plan_scale(serving, request_.instances, request_.batch);
  const std::vector<InstanceId> others =
      but([&](InstanceId id) { return belongs(id) || before_.is_canary(id); });
  if (others.empty()) return plan;
  if (plan.empty()) plan.push_back({});
  plan.back().leave.insert(plan.back().leave.end(), others.begin(), others.end());
  return plan;
}

Result<Plan> Rollout::preview() {
  if (Status looked = look_around(); !looked) return rollctl::fail(looked.error());
  if (Status able = check_handover(); !able) return rollctl::fail(able.error());
  Plan plan = make_plan();
  if (Status fits = check_room(plan); !fits) return rollctl::fail(fits.error());
  return plan;
}

}  // namespace rollctl
