// SPDX-License-Identifier: MIT
// From "its server runs" to "it listens in the group of those that serve, and is ready".
#include <fmt/format.h>

#include <algorithm>

#include "deploy/acts.h"

namespace rollctl {

namespace {

// Nothing tells when a socket begins to listen, so somebody has to look: often at first, for a server that is
// quick.
constexpr Micros kFirstLook{500};
constexpr Micros kSlowestLook{20'000};
constexpr Millis kElsewherePatience{500};

}  // namespace

void Acts::look_later(Member& member) {
  Micros& delay = look_delay_[member.id];
  delay = delay == Micros(0) ? kFirstLook : std::min(delay * 2, kSlowestLook);
  member.look_again = world_.scheduler.after(delay, [this, id = member.id] { look(fleet_.at(id)); });
}

void Acts::look(Member& member) {
  // Back after a restart, listening anew: where shims do not keep the steering up, it is rollctl that tells.
  const bool serves = traffic_.rotation.contains(member.id) && member.state != InstanceState::Restarting;
  if (serves && !world_.steering.outlives_rollctl()) (void)put_under_steering(member);
  const bool wanted = member.origin == Member::Origin::Launched && member.trouble == Trouble::None &&
                      (member.state == InstanceState::Starting || member.state == InstanceState::Restarting);
  if (!wanted || member.server.pid == 0) return;
  if (member.joined()) {
    if (member.readiness) member.readiness->look_again();
    return;
  }
  // A server that waits for its gate is warm once it says so, and listens only afterwards.
  if (member.notified_ready && !member.gate_open) {
    if (Status opened = world_.instances.open_gate(member.id); !opened)
      return fleet_.fail(member, Trouble::HostFailed, opened.error().message);
    member.gate_open = true;
  }
  if (world_.instances.listeners_changed(member.id)) {
    auto listeners = world_.instances.listeners(member.id);
    if (!listeners && listeners.error().kind == ErrorKind::NotFound)
      return look_later(member);  // it is ending
    if (!listeners && is_shortage(listeners.error())) {
      member.detail = listeners.error().message;
      return look_later(member);
    }
    if (!listeners) return fleet_.fail(member, Trouble::HostFailed, listeners.error().message);
    if (listens_everywhere(*listeners)) {
      if (Status joined = join(member, std::move(*listeners)); !joined)
        return fleet_.fail(member, Trouble::WrongGroup, joined.error().message);
      return;
    }
    if (auto elsewhere = listens_elsewhere(member))
      return fleet_.fail(member, Trouble::WrongGroup, *elsewhere);
  }
  watch_readiness(member);
  look_later(member);
}

// A server may open several sockets one after the other, so what is missing is not missed at once.
std::optional<std::string> Acts::listens_elsewhere(Member& member) {
  const std::vector<ListenSocket> elsewhere = world_.instances.listens_elsewhere(member.id);
  if (elsewhere.empty()) {
    member.elsewhere_since.reset();
    return std::nullopt;
  }
  const TimePoint now = world_.scheduler.now();
  if (!member.elsewhere_since) member.elsewhere_since = now;
  if (now - *member.elsewhere_since < kElsewherePatience) return std::nullopt;
  return fmt::format(
      "it listens on {}, not on {}: the kernel keeps these as two groups, so connections cannot be handed "
      "over",
      elsewhere.front().bound.text(), listen_.front().text);
}

bool Acts::listens_everywhere(const std::vector<Listener>& listeners) const {
  return std::all_of(listen_.begin(), listen_.end(), [&](const ListenAddress& address) {
    return std::any_of(listeners.begin(), listeners.end(),
                       [&](const Listener& listener) { return address.matches(listener.bound); });
  });
}

Status Acts::note_groups(Member& member, const std::vector<Listener>& listeners) {
  const bool all_known = std::all_of(listeners.begin(), listeners.end(),
                                     [](const Listener& listener) { return listener.group.has_value(); });
  auto sockets = all_known ? Result<std::vector<ListenSocket>>() : world_.instances.listen_sockets();
  if (!sockets) return rollctl::fail(sockets.error());
  member.groups.clear();
  member.inodes.clear();
  for (const Listener& listener : listeners) {
    std::optional<GroupIdentity> group = listener.group;
    for (const ListenSocket& socket : *sockets)
      if (socket.inode == listener.inode) group = group_of(socket);
    if (!group) continue;
    member.inodes.push_back(listener.inode);
    if (std::find(member.groups.begin(), member.groups.end(), *group) == member.groups.end())
      member.groups.push_back(*group);
  }
  return {};
}

std::optional<std::string> Acts::refuse_group(const std::vector<GroupIdentity>& groups) const {
  for (const ListenAddress& address : listen_) {
    const auto serves = [&](const GroupIdentity& group) { return address.matches(group.bound); };
    const auto old = std::find_if(expected_.begin(), expected_.end(), serves);
    if (old == expected_.end()) continue;
    const auto fresh = std::find_if(groups.begin(), groups.end(), serves);
    if (fresh == groups.end()) continue;
    if (auto difference = explain_difference(*old, *fresh)) return difference;
  }
  return std::nullopt;
}

Status Acts::join(Member& member, std::vector<Listener> listeners) {
  if (Status noted = note_groups(member, listeners); !noted) return noted;
  if (!member.joined()) {  // it stopped listening between two looks
    look_later(member);
    return {};
  }
  if (auto refused = refuse_group(member.groups)) {
    member.groups.clear();
    return rollctl::fail(ErrorKind::Unsupported, *refused);
  }
  if (Status added = world_.steering.add(member.id, member.server, std::move(listeners)); !added)
    return added;
  if (Status guarded = guard(member); !guarded) return guarded;
  if (Status shared = hand_out_steering(member.id); !shared) return shared;
  if (expected_.empty()) expected_ = member.groups;  // the first of all: the next ones must be where it is
  watch_readiness(member);
  if (member.readiness->state() == Readiness::State::Ready) become_ready(member);
  member.readiness->look_again();
  return {};
}

// Where nobody serves yet, probes are aimed as well, and clients come to nobody who is not ready. A command
// that asks through the port as a client does must get through; and who comes to sockets that were open
// before their server ran waits there, as with any socket activation.
Status Acts::guard(const Member& member) {
  if (probes_[member.id].kind == ProbeKind::Exec) return {};
  // One of the rotation that is down for the moment is to get clients as soon as it listens again.
  const bool all_joined =
      std::all_of(traffic_.rotation.begin(), traffic_.rotation.end(), [this](InstanceId id) {
        const Member& serving = fleet_.at(id);
        return serving.joined() || serving.gone();
      });
  if (!all_joined) return {};
  if (member.inherits_sockets && traffic_.rotation.empty()) admits_all_ = true;
  return world_.steering.guard(member.inherits_sockets ? Steering::Admitted::All
                                                       : Steering::Admitted::Nobody);
}

Status Acts::hand_out_steering(InstanceId id, SteeringTerm term) {
  auto handles = world_.steering.share(id);
  if (!handles) return rollctl::fail(handles.error());
  // Nothing is attached where nothing steers, or a command probes a first instance.
  if (handles->empty()) return {};
  handed_out_.insert_or_assign(id, world_.instances.hold_steering(id, std::move(*handles), term));
  fleet_.at(id).holds_steering = true;
  return {};
}

Status Acts::await_steering_held(InstanceId id) {
  auto handed_out = handed_out_.extract(id);
  if (!handed_out) return {};
  Status held = handed_out.mapped().await();
  fleet_.at(id).holds_steering = held.has_value();
  return held;
}

// A shim that cannot be told is dead or stuck; its server is steered all the same.
void Acts::await_all_steering_held() {
  while (!handed_out_.empty()) {
    const InstanceId id = handed_out_.begin()->first;
    if (Status held = await_steering_held(id); !held) warn_unsupervised(id, held.error());
  }
}

std::optional<Endpoint> Acts::shared_port(const Member& member) const {
  if (member.groups.empty() || listen_.empty()) return std::nullopt;
  for (const GroupIdentity& group : member.groups)
    if (listen_.front().matches(group.bound)) return listen_.front().connect_endpoint(group.bound);
  return std::nullopt;
}

void Acts::watch_readiness(Member& member) {
  if (member.readiness) return;
  const InstanceId id = member.id;
  ProbeSubject subject;
  subject.instance = id;
  subject.shared_port = [this, id] { return shared_port(fleet_.at(id)); };
  subject.server = [this, id] { return fleet_.at(id).server; };
  subject.notified_ready = [this, id] { return fleet_.at(id).notified_ready; };
  member.readiness = std::make_unique<Readiness>(
      world_.scheduler, world_.probe, probes_[id], std::move(subject), [this, id] {
        Member& changed = fleet_.at(id);
        if (changed.leaving() || changed.trouble != Trouble::None) return;
        const Readiness::State verdict = changed.readiness->state();
        if (verdict == Readiness::State::Unready)
          return fleet_.fail(changed, Trouble::Unready, "became unready: " + changed.readiness->detail());
        // Ready by its own word (exec, notify, an address of its own) counts only once it can be given
        // connections, too.
        if (verdict == Readiness::State::Ready && changed.joined()) become_ready(changed);
      });
}

void Acts::become_ready(Member& member) {
  if (member.state != InstanceState::Starting) return;
  member.ready_after = std::chrono::duration_cast<Millis>(world_.scheduler.now() - member.launched_at);
  recorder_.happened(events::instance_ready(member.id, *member.ready_after));
  fleet_.enter(member, InstanceState::Ready);
}

}  // namespace rollctl
