// SPDX-License-Identifier: MIT
#include "deploy/traffic_shift.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "deploy/trouble.h"
#include "deploy/wait.h"

namespace rollctl {

namespace {

bool is_down(const Member& member) {
  return member.state == InstanceState::Restarting || member.state == InstanceState::Failed;
}

std::vector<InstanceId> minus(const std::set<InstanceId>& from, const std::set<InstanceId>& taken) {
  std::vector<InstanceId> rest;
  std::set_difference(from.begin(), from.end(), taken.begin(), taken.end(), std::back_inserter(rest));
  return rest;
}

}  // namespace

Act TrafficShift::gate(const Traffic& traffic, const std::vector<InstanceId>& outside) {
  traffic_ = traffic;
  std::set<InstanceId> reachable;
  for (InstanceId id : traffic.rotation) {
    Member& member = fleet_.at(id);
    ROLL_TRY_ASSIGN(const bool listens, membership_.add(member));
    if (!listens) continue;
    reachable.insert(id);
    membership_.expect_groups_of(member);
  }
  for (InstanceId id : outside) ROLL_TRY(membership_.add(fleet_.at(id)));
  const bool nobody_listens = reachable.empty() && (outside.empty() || !traffic.rotation.empty());
  if (nobody_listens) return {};
  ROLL_TRY(world_.steering.shift(traffic.weights(reachable)));
  for (InstanceId id : reachable) leases_.try_grant(id);
  return {};
}

// A member that was being restarted when the others were gated joins as soon as it can.
Result<std::set<InstanceId>> TrafficShift::reachable_of(const std::set<InstanceId>& rotation) {
  std::set<InstanceId> reachable;
  for (InstanceId id : rotation) {
    Member& member = fleet_.at(id);
    if (member.gone()) continue;
    const auto listens = member.joined() ? Result<bool>(true) : membership_.add(member);
    // For want of descriptors it could not be looked at: it may well serve.
    if (!listens && is_shortage(listens.error())) return fail(listens.error());
    if (listens.value_or(false)) reachable.insert(id);
  }
  return reachable;
}

Act TrafficShift::shift(const Traffic& traffic, const std::vector<InstanceId>& watched) {
  if (traffic == traffic_) return {};
  const std::vector<InstanceId> in = minus(traffic.rotation, traffic_.rotation);
  const std::vector<InstanceId> out = minus(traffic_.rotation, traffic.rotation);
  ROLL_TRY_ASSIGN(const std::set<InstanceId> reachable, reachable_of(traffic.rotation));
  const bool one_runs =
      std::any_of(reachable.begin(), reachable.end(), [&](InstanceId id) { return !is_down(fleet_.at(id)); });
  if (!traffic.rotation.empty() && !one_runs)
    return fail(ErrorKind::Failed, "none of the instances that should serve from now on runs");
  const Rotation weights = traffic.weights(reachable);
  Acknowledgement on_disk = recorder_.intend(events::traffic_shifting(in, out, weights));
  for (InstanceId id : in) ROLL_TRY(leases_.await(id));
  ROLL_TRY(on_disk.await());
  ROLL_TRY(check_newcomers(in));
  if (!watched.empty()) ROLL_TRY(check_news(world_, fleet_, watched));
  ROLL_TRY(world_.steering.shift(weights));
  traffic_ = traffic;
  recorder_.happened(events::traffic_shifted(in, out, weights));
  allow_fallback();
  // Also to one of the rotation that listened on nothing when the others were gated.
  for (InstanceId id : reachable)
    if (!leases_.holds(id)) leases_.try_grant(id);
  Act told = tell_roles(weights, out);
  leases_.await_all();
  return told;
}

// The disk took its time: a server that binds first and then reads a bad configuration may have ended.
Act TrafficShift::check_newcomers(const std::vector<InstanceId>& in) {
  std::vector<InstanceId> fresh;
  std::ranges::copy_if(in, std::back_inserter(fresh), [this](InstanceId id) {
    return fleet_.at(id).origin == Member::Origin::Launched && !fleet_.at(id).inodes.empty();
  });
  if (fresh.empty()) return {};
  ROLL_TRY_ASSIGN(const auto sockets, world_.sockets.listen_sockets());
  for (InstanceId id : fresh) {
    Member& member = fleet_.at(id);
    const bool listens = std::ranges::any_of(sockets, [&](const ListenSocket& socket) {
      return std::ranges::find(member.inodes, socket.inode) != member.inodes.end();
    });
    if (listens || membership_.add(member).value_or(false)) continue;
    fleet_.note_trouble(member, Trouble::Unready, "stopped listening before it got a connection");
  }
  return check_trouble(world_, fleet_, fresh);
}

bool TrafficShift::have_all_been_ready() const {
  return std::ranges::all_of(fleet_.members(), [this](const auto& entry) {
    const Member& member = entry.second;
    if (member.gone() || traffic_.contains(member.id)) return true;
    const bool has_been_ready =
        member.state != InstanceState::Starting && member.state != InstanceState::Ready;
    return has_been_ready && member.trouble == Trouble::None;
  });
}

// On an error clients are refused where they could have been served.
void TrafficShift::allow_fallback() {
  const bool is_one_dark =
      std::ranges::any_of(traffic_.canaries, [](const auto& canary) { return canary.second <= 0; });
  if (!is_one_dark && have_all_been_ready())
    (void)world_.steering.fall_back_to(Steering::Fallback::AnyListener);
}

Act TrafficShift::confirm() {
  return tell_roles(traffic_.weights(traffic_.rotation));
}

// The next rollctl takes for the rotation what the records of the shims say: so the shim of an instance that
// comes into the rotation, or is a canary no longer, must have heard its role. For the others only a weight
// has changed. All shims are told first, and their answers awaited afterwards.
Act TrafficShift::tell_roles(const Rotation& weights, const std::vector<InstanceId>& out) {
  struct Told {
    InstanceId id;
    bool must_hear;
    Acknowledgement heard;
  };
  std::vector<Told> all;
  for (const auto& [id, weight] : weights) {
    const InstanceState state = traffic_.is_canary(id) ? InstanceState::Canary : InstanceState::Serving;
    Member& member = fleet_.at(id);
    const bool is_new = member.state != state;
    all.push_back({id, is_new, tell_role(member, state, weight)});
  }
  for (InstanceId id : out) all.push_back({id, false, tell_role(fleet_.at(id), InstanceState::Settling)});

  Act result;
  for (auto& [id, must_hear, acknowledgement] : all) {
    const Status heard = acknowledgement.await();
    if (heard || !must_hear || heard.error().kind == ErrorKind::NotFound) continue;
    // A shim whose server has died tells that before it refuses: then the death is what went wrong.
    const auto has_died = [&member = fleet_.at(id)] { return is_down(member) || member.gone(); };
    (void)wait_until(world_, has_died, world_.scheduler.now(), OnInterrupt::Ignore);
    if (!has_died()) result = fail(Ending(heard.error()));
  }
  return result;
}

Acknowledgement TrafficShift::tell_role(Member& member, InstanceState state, double weight) {
  if (member.gone()) return Status();
  // A server that is down stays so until its shim says that it is back.
  if (!is_down(member) || state == InstanceState::Settling) fleet_.enter(member, state);
  return world_.instances.set_role(member.id, {state, weight, member.generation});
}

}  // namespace rollctl
