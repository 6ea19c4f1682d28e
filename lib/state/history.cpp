// SPDX-License-Identifier: MIT
#include "state/history.h"

#include <algorithm>

namespace rollctl {

using nlohmann::json;

namespace {

std::string text_of(const json& fields, const char* key) {
  const auto found = fields.find(key);
  return found != fields.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int64_t number_of(const json& fields, const char* key) {
  const auto found = fields.find(key);
  return found != fields.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

// A change that takes itself back shifts again: the last word counts.
void move_ids(const json& fields, const char* key, std::set<InstanceId>& from, std::set<InstanceId>& to) {
  const auto found = fields.find(key);
  if (found == fields.end() || !found->is_array()) return;
  for (const json& id : *found) {
    if (!id.is_number_integer()) continue;
    from.erase(id.get<InstanceId>());
    to.insert(id.get<InstanceId>());
  }
}

// What becomes of a canary: `abort`, or a `rollback` in its place, has rolled back when it has succeeded.
void decide_canary(const Event& event, const Change& change, History& history) {
  if (change.outcome == Outcome::Canary)
    history.canary =
        StandingCanary{change.release, change.generation, change.instances, change.canary, event.time};
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

}  // namespace

Change begin_change(const Event& started) {
  Change change;
  change.command = parse_command(text_of(started.fields, "command")).value_or(AppCommand::Other);
  change.release = text_of(started.fields, "release");
  if (std::string from = text_of(started.fields, "from"); !from.empty()) change.from = std::move(from);
  change.generation = started.generation;
  change.instances = static_cast<int>(number_of(started.fields, "instances"));
  change.handover = text_of(started.fields, "handover");
  change.note = text_of(started.fields, "note");
  if (const auto canary = started.fields.find("canary");
      canary != started.fields.end() && canary->is_number())
    change.canary = canary->get<double>();
  std::set<InstanceId> ignored;
  move_ids(started.fields, "returns", ignored, change.starting);
  change.started = started.time;
  return change;
}

void end_change(const Event& finished, Change& change) {
  change.outcome = parse_outcome(text_of(finished.fields, "outcome")).value_or(Outcome::NeedsAttention);
  change.duration = Millis(number_of(finished.fields, "duration_ms"));
  change.connections_cut = static_cast<size_t>(number_of(finished.fields, "connections_cut"));
  change.reason = text_of(finished.fields, "reason");
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
    history.last_instance = std::max(history.last_instance, number_of(event.fields, "id"));
    if (event.name == "deploy.started") {
      history.changes.push_back(begin_change(event));
      history.changes.back().over_canary = history.canary.has_value();
      continue;
    }
    if (history.unfinished() == nullptr) continue;
    Change& change = history.changes.back();
    const bool is_of_another = event.generation != change.generation && event.generation != 0;
    if (is_of_another && (event.name == "instance.starting" || event.name == "traffic.shifting")) {
      change.being_undone = true;
      continue;
    }
    if (is_of_another && event.name == "traffic.shifted") continue;
    if (event.name == "instance.starting") change.starting.insert(number_of(event.fields, "id"));
    if (event.name == "instance.stopping") change.stopping.insert(number_of(event.fields, "id"));
    if (event.name == "traffic.shifted") {
      move_ids(event.fields, "in", change.shifted_out, change.shifted_in);
      move_ids(event.fields, "out", change.shifted_in, change.shifted_out);
    }
    if (event.name == "deploy.finished") {
      end_change(event, change);
      conclude(event, change, history);
    }
  }
  return history;
}

}  // namespace rollctl
