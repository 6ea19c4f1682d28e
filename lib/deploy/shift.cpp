// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "deploy/acts.h"

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

Acts::Acts(World& world, Recorder& recorder, Fleet& fleet, std::vector<ListenAddress> listen,
           PlaceInstance place)
    : world_(world),
      recorder_(recorder),
      fleet_(fleet),
      listen_(std::move(listen)),
      place_(std::move(place)) {
  fleet_.on_news([this](Member& member) { look(member); });
}

// False: it does not listen any more, so there is nothing to hand over.
Result<bool> Acts::put_under_steering(Member& member) {
  auto listeners = world_.instances.listeners(member.id);
  if (!listeners && listeners.error().kind == ErrorKind::NotFound) return false;
  if (!listeners)
    return rollctl::fail(
        with_context(listeners.error(), fmt::format("cannot take the listeners of instance {}", member.id)));
  if (listeners->empty()) return false;
  if (Status noted = note_groups(member, *listeners); !noted) return rollctl::fail(noted.error());
  if (Status added = world_.steering.add(member.id, member.server, std::move(*listeners)); !added)
    return rollctl::fail(added.error());
  return true;
}

Ending Acts::gate(const Traffic& traffic, const std::vector<InstanceId>& outside) {
  traffic_ = traffic;
  std::set<InstanceId> reachable;
  for (InstanceId id : traffic.rotation) {
    Member& member = fleet_.at(id);
    const auto listens = put_under_steering(member);
    if (!listens) return host_failed(listens.error());
    if (!*listens) continue;
    reachable.insert(id);
    for (const GroupIdentity& group : member.groups)
      if (std::find(expected_.begin(), expected_.end(), group) == expected_.end()) expected_.push_back(group);
  }
  for (InstanceId id : outside)
    if (const auto listens = put_under_steering(fleet_.at(id)); !listens) return host_failed(listens.error());
  const bool nobody_listens = reachable.empty() && (outside.empty() || !traffic.rotation.empty());
  if (nobody_listens) return {};
  if (Status shifted = world_.steering.shift(traffic.weights(reachable)); !shifted)
    return host_failed(shifted.error());
  for (InstanceId id : reachable) {
    if (Status shared = hand_out_steering(id); !shared) warn_unsupervised(id, shared.error());
  }
  return {};
}

// One that was being restarted when the others were gated joins as soon as it can.
Result<std::set<InstanceId>> Acts::reachable_of(const std::set<InstanceId>& rotation) {
  std::set<InstanceId> reachable;
  for (InstanceId id : rotation) {
    Member& member = fleet_.at(id);
    if (member.gone()) continue;
    const auto listens = member.joined() ? Result<bool>(true) : put_under_steering(member);
    // One that could not be looked at may well serve.
    if (!listens && is_shortage(listens.error())) return rollctl::fail(listens.error());
    if (listens.value_or(false)) reachable.insert(id);
  }
  return reachable;
}

void Acts::warn_unsupervised(InstanceId id, const Error& error) {
  world_.observer.on_warning(
      fmt::format("instance {} cannot look after its own steering: {}", id, error.message));
}

Acknowledgement Acts::give_role(InstanceId id, RoleOrder role) {
  Member& member = fleet_.at(id);
  if (member.gone()) return Status();
  // One that is down stays so until its shim says that it is back.
  if (!is_down(member) || role.state == InstanceState::Settling) fleet_.enter(member, role.state);
  if (const auto adopted = generations_.find(id); adopted != generations_.end())
    role.generation = member.generation = adopted->second;
  return world_.instances.set_role(id, role);
}

void Acts::tell_roles(const Rotation& weights) {
  for (const auto& [id, weight] : weights) {
    const InstanceState state = traffic_.is_canary(id) ? InstanceState::Canary : InstanceState::Serving;
    const bool is_news = fleet_.at(id).state != state;
    told_roles_.push_back({id, is_news, give_role(id, {state, weight})});
  }
}

// What stands in the records is what the next rollctl takes for the rotation: whoever comes into it, or ends
// being a canary, must have heard so. Of the others only a weight has changed.
Status Acts::await_roles() {
  Status all_heard;
  for (auto& [id, is_news, acknowledgement] : std::exchange(told_roles_, {})) {
    Status heard = acknowledgement.await();
    if (heard || !is_news || heard.error().kind == ErrorKind::NotFound) continue;
    // Where its server has died, the shim told that before it refused: that is what went wrong.
    const auto has_died = [&member = fleet_.at(id)] { return is_down(member) || member.gone(); };
    (void)wait_until(world_, has_died, world_.scheduler.now(), OnInterrupt::Ignore);
    if (!has_died()) all_heard = std::move(heard);
  }
  return all_heard;
}

Ending Acts::confirm() {
  tell_roles(traffic_.weights(traffic_.rotation));
  if (Status told = await_roles(); !told) return host_failed(told.error());
  return {};
}

Ending Acts::shift(const Traffic& traffic) {
  if (Ending ending = begin_shift(traffic); !ending.done()) return ending;
  if (Status heard = await_roles(); !heard) return host_failed(heard.error());
  return {};
}

Ending Acts::begin_shift(const Traffic& traffic, const std::vector<InstanceId>& drained_next) {
  if (traffic == traffic_) return {};
  const std::set<InstanceId>& rotation = traffic.rotation;
  const std::vector<InstanceId> in = minus(rotation, traffic_.rotation);
  const std::vector<InstanceId> out = minus(traffic_.rotation, rotation);
  const auto found = reachable_of(rotation);
  if (!found) return host_failed(found.error());
  const std::set<InstanceId>& reachable = *found;
  const bool somebody_serves =
      std::any_of(reachable.begin(), reachable.end(), [&](InstanceId id) { return !is_down(fleet_.at(id)); });
  if (!rotation.empty() && !somebody_serves)
    return {Ending::Kind::HostFailed, 0, "none of the instances that should serve from now on runs", {}};
  const Rotation weights = traffic.weights(reachable);
  Acknowledgement on_disk = recorder_.intend(events::traffic_shifting(in, out, weights));
  intend_drain(drained_next);
  for (InstanceId id : in) {
    if (Status held = await_steering_held(id); !held) return host_failed(held.error());
  }
  if (Status intended = on_disk.await(); !intended) return host_failed(intended.error());
  if (Status shifted = world_.steering.shift(weights); !shifted) return host_failed(shifted.error());
  traffic_ = traffic;
  admits_all_ = admits_all_ && traffic_.rotation.empty();
  recorder_.happened(events::traffic_shifted(in, out, weights));

  tell_roles(weights);
  for (InstanceId id : out) told_roles_.push_back({id, false, give_role(id, {InstanceState::Settling})});
  for (InstanceId id : in) {
    if (fleet_.at(id).holds_steering) continue;
    if (Status shared = hand_out_steering(id); !shared) warn_unsupervised(id, shared.error());
  }
  await_all_steering_held();
  return {};
}

std::vector<InstanceId> Acts::stand_by(const std::vector<InstanceId>& left, Millis duration,
                                       const DrainOrder& drain) {
  std::vector<InstanceId> unheld;
  for (InstanceId id : left) {
    Member& member = fleet_.at(id);
    if (member.gone()) continue;
    RoleOrder role{InstanceState::Standby, 0};
    role.hold = HoldOrder{duration, drain};
    if (Status told = world_.instances.set_role(id, role).await(); !told) {
      world_.observer.on_warning(fmt::format("instance {} cannot stand by: {}", id, told.error().message));
      unheld.push_back(id);
      continue;
    }
    fleet_.enter(member, InstanceState::Standby);
  }
  return unheld;
}

void Acts::leave_gate(Millis look_after) {
  if (leaves_handshakes()) look_after = std::max(look_after, kHandshakeLife);
  for (InstanceId id : traffic_.rotation) {
    if (fleet_.at(id).gone()) continue;
    if (Status left = hand_out_steering(id, {SteeringTerm::Until::Alone, look_after}); !left)
      warn_unsupervised(id, left.error());
  }
  await_all_steering_held();
}

void Acts::stop_probing() {
  for (auto& [id, member] : fleet_.members()) {
    member.readiness.reset();
    member.look_again.reset();
  }
}

// A shim has more to do later, when its server ends. The others hold what has to outlive this process.
void Acts::let_go_of_steering(Member& member) {
  if (!member.holds_steering || traffic_.contains(member.id) || traffic_.rotation.empty()) return;
  member.holds_steering = false;
  let_go_.insert_or_assign(member.id, world_.instances.hold_steering(member.id, {}));
}

Status Acts::ungate() {
  stop_probing();
  // First out of the shims' hands: were this process killed in between, they would keep a steering alive that
  // nobody can take over any more.
  for (const auto& [id, member] : fleet_.members())
    if (!member.gone() && !let_go_.contains(id))
      let_go_.insert_or_assign(id, world_.instances.hold_steering(id, {}));
  // A shim that was told does so, whether or not who told it lives on. Should it have to put a restarted
  // server's listener back before that, it finds that the slots are nobody's any more.
  Status detached = world_.steering.detach();
  for (auto& [id, acknowledgement] : std::exchange(let_go_, {})) (void)acknowledgement.await();
  return detached;
}

}  // namespace rollctl
