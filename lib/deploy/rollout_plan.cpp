// SPDX-License-Identifier: MIT
#include "deploy/rollout_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "deploy/descriptor_need.h"

namespace rollctl {

namespace {

bool takes_connections(const Member& member) {
  return member.state == InstanceState::Serving || member.state == InstanceState::Canary ||
         member.state == InstanceState::Restarting;
}

}  // namespace

Traffic found_traffic(const Fleet& fleet) {
  Traffic traffic;
  for (const auto& [id, member] : fleet.members()) {
    if (!takes_connections(member)) continue;
    traffic.rotation.insert(id);
    if (member.state == InstanceState::Canary) traffic.canaries[id] = member.weight;
  }
  return traffic;
}

Status check_handover(const RolloutRequest& request, const Traffic& before, const Steering& steering) {
  if (before.rotation.empty()) return {};
  const char* what = !request.canary.empty()                   ? "a canary"
                     : request.hold > Millis(0)                ? "a hold"
                     : request.drain.start == DrainStart::Idle ? "drain.order = \"idle\""
                                                               : nullptr;
  if (what == nullptr) return {};
  if (steering.way() != Handover::Steer)
    return fail(ErrorKind::Unsupported,
                fmt::format("{} needs steering, and this host hands over by `{}` only", what,
                            handover_name(steering.way())),
                "see `rollctl doctor` for how to get it");
  const bool stays = !request.canary.empty() || request.hold > Millis(0);
  if (stays && request.after_shift == AfterShift::Detach && !steering.outlives_rollctl())
    return fail(ErrorKind::Unsupported,
                fmt::format("{} cannot be detached from: this host steers only while rollctl runs", what),
                "leave out --detach, or see `rollctl doctor` for how to get more");
  return {};
}

Status check_room(const Plan& plan, const RolloutRequest& request, const Fleet& fleet, const Traffic& before,
                  const Steering& steering) {
  DescriptorNeed need;
  need.standing = fleet.which([](const Member& member) { return !member.gone(); }).size();
  need.addresses = request.spec.config.listen.size();
  size_t serving = before.rotation.size();
  size_t most = serving;
  for (const Step& step : plan) {
    need.starting += static_cast<size_t>(step.launch);
    serving += static_cast<size_t>(step.launch) + step.enter.size();
    most = std::max(most, serving);
    serving -= std::min(serving, step.leave.size());
  }
  const bool steers = steering.way() == Handover::Steer;
  if (steers && !steering.outlives_rollctl()) need.keeps = DescriptorNeed::Keeps::ForEachListener;
  if (steers && most > kMostSteered)
    return fail(ErrorKind::Unsupported,
                fmt::format("{} instances would listen at a time, and no more than {} can be steered", most,
                            kMostSteered),
                "replace fewer at a time with --batch, or run fewer");
  return check_descriptors(need);
}

std::vector<InstanceId> returning(const RolloutRequest& request, const Fleet& fleet) {
  if (!request.returns_to) return {};
  return fleet.which([&](const Member& member) {
    return member.state == InstanceState::Standby && member.generation == *request.returns_to;
  });
}

Plan plan_rollout(const RolloutRequest& request, const Fleet& fleet, const Traffic& before) {
  using Shape = RolloutRequest::Shape;
  // Members that drain have left already, and a standby ends or returns apart from the plan.
  const std::vector<InstanceId> all = fleet.which([](const Member& member) {
    return !member.gone() && member.state != InstanceState::Draining &&
           member.state != InstanceState::Standby;
  });
  const auto but = [&](auto leaves_out) {
    std::vector<InstanceId> rest;
    std::copy_if(all.begin(), all.end(), std::back_inserter(rest),
                 [&](InstanceId id) { return !leaves_out(id); });
    return rest;
  };
  const auto serves = [&](InstanceId id) { return before.contains(id) && !before.is_canary(id); };
  const auto is_canary = [&](InstanceId id) { return before.is_canary(id); };
  switch (request.shape) {
    case Shape::Replace: {
      if (const auto back = returning(request, fleet); !back.empty())
        return plan_return(back, all, request.instances);
      if (request.canary.empty() || before.rotation.empty())
        return plan_replacement(all, request.instances, request.batch);
      const Then then = request.bake > Millis(0) ? Then::Replace : Then::Stop;
      return plan_canary(all, request.instances, request.batch, request.canary, then);
    }
    case Shape::Stop:
      return plan_stop(all);
    case Shape::Promote:
      return plan_replacement(but(is_canary), request.instances, request.batch,
                              static_cast<int>(before.canaries.size()));
    case Shape::Withdraw:
      return plan_stop(but(serves));
    case Shape::Reweigh:
      return before.canaries.empty() ? Plan{} : Plan{Step{0, {}, {}, request.canary.front()}};
    case Shape::TopUp:
      break;
  }
  // A member of another generation that serves was brought back by its shim, unasked.
  const auto belongs = [&](InstanceId id) {
    return serves(id) && fleet.at(id).generation == request.spec.generation;
  };
  std::vector<InstanceId> serving;
  std::copy_if(all.begin(), all.end(), std::back_inserter(serving), belongs);
  Plan plan = plan_scale(serving, request.instances, request.batch);
  const std::vector<InstanceId> others =
      but([&](InstanceId id) { return belongs(id) || before.is_canary(id); });
  if (others.empty()) return plan;
  if (plan.empty()) plan.push_back({});
  plan.back().leave.insert(plan.back().leave.end(), others.begin(), others.end());
  return plan;
}

}  // namespace rollctl
