// SPDX-License-Identifier: MIT
#include "state/history.h"

#include <algorithm>

namespace rollctl {

namespace {

// A change that is rolled back shifts again: the last shift counts.
void move_ids(const std::vector<InstanceId>& ids, std::set<InstanceId>& from, std::set<InstanceId>& to) {
  for (const InstanceId id : ids) {
    from.erase(id);
    to.insert(id);
  }
}

// A successful `abort`, or `rollback` over a canary, has the outcome RolledBack.
void decide_canary(const Event& event, const Change& change, History& history) {
  const double percent = change.canary.value_or(0);
  if (change.outcome == Outcome::Canary && change.command == AppCommand::Canary && history.canary)
    history.canary->percent = percent;
  else if (change.outcome == Outcome::Canary)
    history.canary = StandingCanary{change.release, change.generation, change.instances, percent, event.time};
  const bool keeps_it = change.command == AppCommand::Start || change.command == AppCommand::Scale;
  if (change.outcome == Outcome::Deployed && !keeps_it) history.canary.reset();
  if (change.outcome == Outcome::RolledBack && change.withdraws()) history.canary.reset();
}

void conclude(const Event& event, const Change& change, History& history) {
  decide_canary(event, change, history);
  if (change.outcome != Outcome::Deployed) return;
  if (change.command == AppCommand::Stop) {
    history.stopped = true;
    return;
  }
  history.stopped = false;
  history.instances = change.instances;
  if (change.command == AppCommand::Scale) history.scaled_to = change.instances;
  if (history.scaled_to != change.instances) history.scaled_to.reset();
  if (!change.makes_generation()) return;
  history.current = change.generation;
  history.current_release = change.release;
  history.current_since = event.time;
}

// Applies an event to the change that has no ending yet.
struct Progress {
  const Event& event;
  Change& change;
  History& history;

  void operator()(const InstanceStarting& starting) const {
    if (is_of_another()) change.being_undone = true;
    if (!is_of_another()) change.starting.insert(starting.id);
  }
  void operator()(const TrafficShifting&) const {
    if (is_of_another()) change.being_undone = true;
  }
  void operator()(const TrafficShifted& shifted) const {
    if (is_of_another()) return;
    move_ids(shifted.in, change.shifted_out, change.shifted_in);
    move_ids(shifted.out, change.shifted_in, change.shifted_out);
  }
  void operator()(const InstanceStopping& stopping) const { change.stopping.insert(stopping.id); }
  void operator()(const DeployFinished& finished) const {
    end_change(finished, change);
    conclude(event, change, history);
  }
  template <typename Body>
  void operator()(const Body&) const {}

  // A `recover` that brings the previous generation back records that generation's number.
  [[nodiscard]] bool is_of_another() const {
    return event.generation != change.generation && event.generation != 0;
  }
};

// An instance that outlived its change has ended. The newest change that let it go on counts what it cut.
void add_to_its_change(const InstanceDrained& drained, std::vector<Change>& changes) {
  const auto change = std::find_if(changes.rbegin(), changes.rend(),
                                   [&](const Change& one) { return one.remaining.contains(drained.id); });
  if (change == changes.rend()) return;
  change->connections_cut += drained.connections_cut;
  if (drained.http) {
    if (!change->http) change->http.emplace();
    change->http->add(*drained.http);
  }
  for (Change& one : changes) one.remaining.erase(drained.id);
}

}  // namespace

Change begin_change(const Event& event, const DeployStarted& started) {
  Change change;
  change.command = started.command;
  change.release = started.release;
  if (started.from && !started.from->empty()) change.from = started.from;
  change.generation = event.generation;
  change.instances = started.instances;
  change.handover = started.handover;
  change.note = started.note;
  change.user = started.user;
  change.via = started.via;
  change.canary = started.canary;
  change.starting.insert(started.returns.begin(), started.returns.end());
  change.started = event.time;
  return change;
}

void end_change(const DeployFinished& finished, Change& change) {
  change.outcome = finished.outcome;
  change.duration = finished.duration;
  change.connections_cut = finished.connections_cut;
  change.reason = finished.reason;
  change.remaining = {finished.remaining.begin(), finished.remaining.end()};
  change.http = finished.http;
}

bool Change::withdraws() const {
  return command == AppCommand::Abort || (command == AppCommand::Rollback && over_canary);
}

const Change* History::unfinished() const {
  if (changes.empty()) return nullptr;
  return changes.back().has_ended() ? nullptr : &changes.back();
}

RollbackChain::Link RollbackChain::link_of(const Change& completed) {
  if (has_serving_) return Link::Target;
  has_serving_ = completed.command != AppCommand::Restart;
  return has_serving_ ? Link::Serving : Link::Restart;
}

std::optional<int64_t> History::rollback_target() const {
  RollbackChain chain;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change)
    if (change->has_completed() && chain.link_of(*change) == RollbackChain::Link::Target)
      return change->generation;
  return std::nullopt;
}

std::optional<int64_t> History::completed_generation_of(const std::string& release) const {
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (change->has_completed() && change->release == release) return change->generation;
  }
  return std::nullopt;
}

const Change* History::completed(int64_t generation) const {
  for (const Change& change : changes) {
    if (change.has_completed() && change.generation == generation) return &change;
  }
  return nullptr;
}

History fold(const std::vector<Event>& events) {
  History history;
  for (const Event& event : events) {
    history.last_generation = std::max(history.last_generation, event.generation);
    history.last_instance = std::max(history.last_instance, event_instance(event).value_or(0));
    if (const auto* started = std::get_if<DeployStarted>(&event.body)) {
      history.changes.push_back(begin_change(event, *started));
      history.changes.back().over_canary = history.canary.has_value();
    } else if (const auto* drained = std::get_if<InstanceDrained>(&event.body)) {
      add_to_its_change(*drained, history.changes);
    } else if (history.unfinished() != nullptr) {
      std::visit(Progress{event, history.changes.back(), history}, event.body);
    }
  }
  return history;
}

}  // namespace rollctl
