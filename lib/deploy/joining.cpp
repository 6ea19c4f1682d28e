// SPDX-License-Identifier: MIT
#include "deploy/joining.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rollctl {

namespace {

// The kernel does not tell when a socket begins to listen, so it is looked at: often at first, for a server
// that is quick.
constexpr Micros kFirstLook{500};
constexpr Micros kSlowestLook{20'000};
// A server may open several sockets one after the other.
constexpr Millis kElsewherePatience{500};
// A server may bind first and read its configuration afterwards: Unbound takes some 20 ms. One that waits for
// its first client is through with that.
constexpr Millis kSteadyAfter{50};

}  // namespace

Joining::Joining(World& world, Recorder& recorder, Fleet& fleet, Membership& membership,
                 SteeringLeases& leases, const TrafficShift& traffic)
    : world_(world),
      recorder_(recorder),
      fleet_(fleet),
      membership_(membership),
      leases_(leases),
      traffic_(traffic) {
  fleet_.on_news([this](Member& member) { on_news(member); });
}

void Joining::expect(const LaunchSpec& launch, ProbeSpec probe) {
  Newcomer& newcomer = newcomers_[launch.instance];
  newcomer.probe = std::move(probe);
  newcomer.gate_open = launch.gate == LaunchSpec::Gate::Open;
  newcomer.inherits_sockets = launch.sockets == LaunchSpec::Sockets::Inherited;
}

void Joining::on_news(Member& member) {
  // It is back after a restart and listens anew: where shims do not keep the steering up, rollctl does.
  const bool serves = traffic_.current().contains(member.id) && member.state != InstanceState::Restarting;
  if (serves && !world_.steering.outlives_rollctl()) (void)membership_.add(member);
  const auto newcomer = newcomers_.find(member.id);
  if (newcomer != newcomers_.end()) look(member, newcomer->second);
}

void Joining::look_later(InstanceId id) {
  Micros& delay = newcomers_.at(id).look_delay;
  delay = delay == Micros(0) ? kFirstLook : std::min(delay * 2, kSlowestLook);
  newcomers_.at(id).look_again =
      world_.scheduler.after(delay, [this, id] { look(fleet_.at(id), newcomers_.at(id)); });
}

void Joining::look(Member& member, Newcomer& newcomer) {
  const bool is_coming = member.state == InstanceState::Starting || member.state == InstanceState::Restarting;
  if (!is_coming || member.trouble != Trouble::None || member.server.pid == 0) return;
  if (member.joined()) {
    if (newcomer.readiness) newcomer.readiness->look_again();
    return;
  }
  // A server that waits for its gate says that it is warm, and listens only afterwards.
  if (member.notified_ready && !newcomer.gate_open) {
    if (Status opened = world_.instances.open_gate(member.id); !opened)
      return fleet_.note_trouble(member, Trouble::HostFailed, opened.error().message, opened.error().hint);
    newcomer.gate_open = true;
  }
  look_at_listeners(member, newcomer);
  if (member.joined() || member.trouble != Trouble::None) return;
  probe(member.id, newcomer);
  look_later(member.id);
}

void Joining::look_at_listeners(Member& member, Newcomer& newcomer) {
  if (!world_.sockets.listeners_changed(member.id)) return;
  auto listeners = world_.sockets.listeners(member.id);
  if (!listeners && listeners.error().kind == ErrorKind::NotFound) return;  // it is ending
  if (!listeners && is_shortage(listeners.error())) {
    member.detail = listeners.error().message;
  } else if (!listeners) {
    fleet_.note_trouble(member, Trouble::HostFailed, listeners.error().message, listeners.error().hint);
  } else if (membership_.cover_all(*listeners)) {
    join(member, newcomer, std::move(*listeners));
  } else if (auto elsewhere = listens_elsewhere(member.id, newcomer)) {
    fleet_.note_trouble(member, Trouble::WrongGroup, *elsewhere);
  }
}

std::optional<std::string> Joining::listens_elsewhere(InstanceId id, Newcomer& newcomer) {
  const std::vector<ListenSocket> elsewhere = world_.sockets.listens_elsewhere(id);
  if (elsewhere.empty()) {
    newcomer.elsewhere_since.reset();
    return std::nullopt;
  }
  const TimePoint now = world_.scheduler.now();
  if (!newcomer.elsewhere_since) newcomer.elsewhere_since = now;
  if (now - *newcomer.elsewhere_since < kElsewherePatience) return std::nullopt;
  return fmt::format(
      "it listens on {}, not on {}: the kernel keeps these as two groups, so connections cannot be handed "
      "over",
      elsewhere.front().bound.text(), membership_.addresses_text());
}

void Joining::join(Member& member, Newcomer& newcomer, std::vector<Listener> listeners) {
  if (Status taken = take_in(member, newcomer, std::move(listeners)); !taken)
    return fleet_.note_trouble(member, Trouble::WrongGroup, taken.error().message, taken.error().hint);
  if (!member.joined()) return;
  probe(member.id, newcomer);
  if (newcomer.readiness->state() == Readiness::State::Ready) become_ready(member);
  newcomer.readiness->look_again();
}

Status Joining::take_in(Member& member, Newcomer& newcomer, std::vector<Listener> listeners) {
  ROLL_TRY_ASSIGN(const bool listens, membership_.add_checked(member, std::move(listeners)));
  if (!listens) return {};  // it stopped listening between two looks
  ROLL_TRY(guard(newcomer));
  return leases_.grant(member.id);
}

// Where nothing serves yet, probes are aimed as well, and clients reach no instance that is not ready. Two
// exceptions: a command that asks through the port as a client does must get through; and clients that came
// to sockets which were open before their server ran wait there, as with any socket activation.
Status Joining::guard(const Newcomer& newcomer) {
  if (newcomer.probe.kind == ProbeKind::Exec) return {};
  const std::set<InstanceId>& rotation = traffic_.current().rotation;
  // A member of the rotation that is down for the moment gets clients as soon as it listens again.
  const bool all_joined = std::all_of(rotation.begin(), rotation.end(), [this](InstanceId id) {
    return fleet_.at(id).joined() || fleet_.at(id).gone();
  });
  if (!all_joined) return {};
  if (newcomer.inherits_sockets) admits_all_ = true;
  return world_.steering.guard(newcomer.inherits_sockets ? Steering::Admitted::All
                                                         : Steering::Admitted::Nobody);
}

void Joining::admit_all() {
  admits_all_ = world_.steering.guard(Steering::Admitted::All).has_value();
}

std::vector<InstanceId> Joining::admitted(const std::vector<InstanceId>& ids) const {
  std::vector<InstanceId> reached;
  if (!admits_all_ || !traffic_.current().rotation.empty()) return reached;
  for (InstanceId id : ids)
    if (fleet_.at(id).joined() && !fleet_.at(id).leaving()) reached.push_back(id);
  return reached;
}

void Joining::probe(InstanceId id, Newcomer& newcomer) {
  if (newcomer.readiness) return;
  ProbeSubject subject;
  subject.instance = id;
  subject.shared_port = [this, id] { return membership_.shared_port(fleet_.at(id)); };
  subject.steady = [this, id] { return is_steady(id); };
  subject.server = [this, id] { return fleet_.at(id).server; };
  subject.notified_ready = [this, id] { return fleet_.at(id).notified_ready; };
  newcomer.readiness = std::make_unique<Readiness>(world_.scheduler, world_.probe, newcomer.probe,
                                                   std::move(subject), [this, id] { on_verdict(id); });
}

bool Joining::is_steady(InstanceId id) {
  Newcomer& newcomer = newcomers_.at(id);
  if (newcomer.steady) return true;
  const TimePoint now = world_.scheduler.now();
  if (!newcomer.listening_since) newcomer.listening_since = now;
  newcomer.steady = now - *newcomer.listening_since >= kSteadyAfter || !world_.instances.is_busy(id);
  return newcomer.steady;
}

// An instance that is ready by its own word (exec, notify, an address of its own) counts once it can be given
// connections, too.
void Joining::on_verdict(InstanceId id) {
  Member& member = fleet_.at(id);
  const Readiness& readiness = *newcomers_.at(id).readiness;
  if (member.leaving() || member.trouble != Trouble::None) return;
  if (readiness.state() == Readiness::State::Unready)
    return fleet_.note_trouble(member, Trouble::Unready, "became unready: " + readiness.detail());
  if (readiness.state() == Readiness::State::Impossible)
    return fleet_.note_trouble(member, Trouble::HostFailed, readiness.detail(),
                               "set ready.address to an address of the instance's own, or steer");
  if (readiness.state() == Readiness::State::Ready && member.joined()) become_ready(member);
}

void Joining::become_ready(Member& member) {
  if (member.state != InstanceState::Starting) return;
  member.ready_after = std::chrono::duration_cast<Millis>(world_.scheduler.now() - member.launched_at);
  recorder_.happened(events::instance_ready(member.id, *member.ready_after));
  fleet_.enter(member, InstanceState::Ready);
}

std::string Joining::why_not_ready(InstanceId id) const {
  const Member& member = fleet_.at(id);
  const auto& readiness = newcomers_.at(id).readiness;
  std::string detail = readiness ? readiness->detail() : member.detail;
  // It is ready by its own word, but does not listen where connections come.
  if (detail.empty() && !member.joined())
    detail = fmt::format("does not listen on {} yet", membership_.addresses_text());
  return detail;
}

void Joining::stop_probing() {
  for (auto& [id, newcomer] : newcomers_) stop_probing(id);
}

void Joining::stop_probing(InstanceId id) {
  const auto newcomer = newcomers_.find(id);
  if (newcomer == newcomers_.end()) return;
  newcomer->second.readiness.reset();
  newcomer->second.look_again.reset();
}

}  // namespace rollctl
