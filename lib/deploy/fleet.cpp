// SPDX-License-Identifier: MIT
#include "deploy/fleet.h"

#include <fmt/format.h>

#include <utility>

#include "state/silent_shims.h"

namespace rollctl {

Fleet::Fleet(World& world, Recorder& recorder) : world_(world), recorder_(recorder) {
  world_.instances.subscribe([this](const InstanceEvent& event) { on_event(event); });
}

Fleet::~Fleet() {
  world_.instances.subscribe({});
}

Status Fleet::discover() {
  ROLL_TRY_ASSIGN(const auto found, world_.instances.discover());
  ROLL_TRY(check_all_answer(found));
  for (const FoundInstance& instance : found) {
    if (instance.presence != Presence::Remains) continue;
    ROLL_TRY_ASSIGN(const auto remnant, world_.instances.clear_remains(instance.record.id));
    if (remnant == Instances::Remnant::CameUp) return discover();
    if (remnant == Instances::Remnant::Stays)
      world_.observer.on_warning(
          fmt::format("instance {} has ended, but its folder cannot be removed: the next command tries again",
                      instance.record.id));
  }
  for (const FoundInstance& instance : found) {
    if (instance.presence == Presence::Remains) continue;
    Member member;
    member.id = instance.record.id;
    member.release = instance.record.release;
    member.generation = instance.record.generation;
    member.state = instance.record.state;
    member.server = instance.record.server;
    member.log = log_of(instance.record.spec);
    member.ready_after = instance.record.ready_after;
    member.notified_ready = instance.record.notified_ready;
    member.weight = instance.record.weight;
    member.standby_until = instance.record.standby_until;
    member.state_since = member.launched_at = member.drain_began = world_.scheduler.now();
    member.drain_deadline = instance.record.drain_deadline;
    member.tells_all = instance.record.tells_all || instance.presence == Presence::Unsupervised;
    member.asks_http = instance.record.asks_http;
    members_.emplace(member.id, std::move(member));
  }
  return {};
}

Member& Fleet::add_launched(InstanceId id, const std::string& release, int64_t generation, InstanceLog log) {
  Member member;
  member.id = id;
  member.origin = Member::Origin::Launched;
  member.release = release;
  member.generation = generation;
  member.log = std::move(log);
  member.state_since = member.launched_at = world_.scheduler.now();
  return members_.emplace(id, std::move(member)).first->second;
}

void Fleet::enter(Member& member, InstanceState state) {
  if (member.state == state) return;
  member.state = state;
  member.state_since = world_.scheduler.now();
  show();
}

void Fleet::note_trouble(Member& member, Trouble trouble, std::string text, std::string hint) {
  const bool explains = member.trouble == Trouble::Unready && trouble == Trouble::Died;
  if (member.trouble != Trouble::None && !explains) return;
  member.trouble = trouble;
  member.trouble_text = std::move(text);
  member.trouble_hint = std::move(hint);
  member.detail = member.trouble_text;
  if (trouble != Trouble::LaunchFailed)
    recorder_.happened(events::instance_unready(member.id, member.trouble_text));
  show();
}

void Fleet::show() {
  std::vector<InstanceView> views;
  views.reserve(members_.size());
  for (const auto& [id, member] : members_) {
    const auto in_state = std::chrono::duration_cast<Millis>(world_.scheduler.now() - member.state_since);
    views.push_back(
        {id, member.release, member.state, member.detail, member.connections, member.ready_after, in_state});
  }
  world_.observer.on_fleet(views);
}

void Fleet::on_event(const InstanceEvent& event) {
  const auto found = members_.find(event.id);
  if (found == members_.end()) return;
  Member& member = found->second;
  using Kind = InstanceEvent::Kind;
  switch (event.kind) {
    case Kind::Launched:
      member.server = event.record.server;
      member.tells_all = event.record.tells_all;
      member.asks_http = event.record.asks_http;
      recorder_.happened(events::instance_started(member.id, member.release, member.server.pid));
      if (on_news_) on_news_(member);
      return;
    case Kind::LaunchFailed:
      note_trouble(member, Trouble::LaunchFailed, event.message);
      enter(member, InstanceState::Stopped);
      return;
    case Kind::NotifiedReady:
      member.notified_ready = true;
      if (!event.record.status.empty()) member.detail = event.record.status;
      if (on_news_) on_news_(member);
      return;
    case Kind::StatusText:
      member.detail = event.record.status;
      if (event.record.server.pid != 0) member.server = event.record.server;  // it may replace itself
      note_http(member, event.record.http);
      if (member.state == InstanceState::Draining && event.record.drain_deadline)
        member.drain_deadline = event.record.drain_deadline;
      // A shim also tells this way that the restarted server is back in its slot.
      if (member.state == InstanceState::Restarting) {
        enter(member, event.record.state);
        if (on_news_) on_news_(member);
      }
      return show();
    case Kind::Exited:
      return on_exited(member, event);
    case Kind::Restarted:
      // The shim has written it into the journal; the record says Serving again once the server is back in
      // its slot.
      member.server = event.record.server;
      enter(member, event.record.state);
      return;
    case Kind::Ended:
      return on_ended(member, event);
    case Kind::Orphaned:
      world_.observer.on_warning(
          fmt::format("the shim of instance {} has died; its server goes on unsupervised", member.id));
      if (member.server == event.record.server) return;
      // Its shim died before it told which server it had started.
      member.server = event.record.server;
      if (member.state == InstanceState::Starting)
        recorder_.happened(events::instance_started(member.id, member.release, member.server.pid));
      if (on_news_) on_news_(member);
      return;
  }
}

void Fleet::note_http(Member& member, const std::optional<HttpReport>& http) {
  if (!http) return;
  const bool is_new_problem =
      !http->problem.empty() && (!member.http || member.http->problem != http->problem);
  member.http = http;
  if (is_new_problem)
    world_.observer.on_warning(
        fmt::format("instance {}: its clients are not asked to leave: {}", member.id, http->problem));
}

void Fleet::on_exited(Member& member, const InstanceEvent& event) {
  member.exit = event.exit;
  const std::string how = event.exit ? event.exit->text() : "ended";
  const std::string what =
      event.message.empty()
          ? fmt::format("the server {}{}", how, member.ready_after ? "" : " before it was ready")
          : event.message;
  const bool shim_has_ended = event.record.state == InstanceState::Stopped;
  if (member.leaving() || member.origin == Member::Origin::Found) {
    // The change does not depend on it, and its shim restarts it or not.
    if (!member.leaving() || shim_has_ended) enter(member, event.record.state);
    return;
  }
  note_trouble(member, Trouble::Died, what);
  enter(member, event.record.state);
}

void Fleet::on_ended(Member& member, const InstanceEvent& event) {
  const auto after = std::chrono::duration_cast<Millis>(world_.scheduler.now() - member.drain_began);
  member.connections_cut = event.connections_cut;
  note_http(member, event.record.http);
  if (event.exit) member.exit = event.exit;
  member.connections.reset();
  recorder_.happened(events::instance_drained(
      {member.id, after, event.connections_cut, event.exit, event.processes_killed, event.record.http}));
  enter(member, InstanceState::Stopped);
}

}  // namespace rollctl
