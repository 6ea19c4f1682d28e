// SPDX-License-Identifier: MIT
#include "state/event.h"

#include <array>
#include <utility>

namespace rollctl {

using nlohmann::json;

namespace {

constexpr std::array<std::pair<Outcome, const char*>, 6> kOutcomes{
    {{Outcome::Deployed, "deployed"},
     {Outcome::Unchanged, "unchanged"},
     {Outcome::Canary, "canary"},
     {Outcome::RolledBack, "rolled_back"},
     {Outcome::Interrupted, "interrupted"},
     {Outcome::NeedsAttention, "needs_attention"}}};

json exit_or_null(const std::optional<ExitStatus>& exit) {
  return exit ? to_json(*exit) : json(nullptr);
}

Event event(const char* name, json fields) {
  return Event{name, std::move(fields), 0, {}};
}

json shift_fields(const std::vector<InstanceId>& in, const std::vector<InstanceId>& out,
                  const Rotation& weights) {
  json by_id = json::object();
  for (const auto& [id, weight] : weights) by_id[std::to_string(id)] = weight;
  return {{"in", in}, {"out", out}, {"weights", by_id}};
}

}  // namespace

json event_to_json(const Event& event, const std::string& app) {
  json line = event.fields.is_object() ? event.fields : json::object();
  line["v"] = 1;
  line["time"] = format_time(event.time);
  line["app"] = app;
  line["generation"] = event.generation;
  line["event"] = event.name;
  return line;
}

std::optional<Event> event_from_line(std::string_view line) {
  json fields = json::parse(line, nullptr, false);
  if (!fields.is_object() || !fields.contains("event") || !fields["event"].is_string()) return std::nullopt;
  Event event;
  event.name = fields["event"];
  if (fields.contains("generation") && fields["generation"].is_number_integer())
    event.generation = fields["generation"];
  if (fields.contains("time") && fields["time"].is_string())
    event.time = parse_time(fields["time"].get_ref<const std::string&>()).value_or(WallTime{});
  for (const char* frame : {"v", "time", "app", "generation", "event"}) fields.erase(frame);
  event.fields = std::move(fields);
  return event;
}

const char* outcome_name(Outcome outcome) {
  for (const auto& [value, name] : kOutcomes)
    if (value == outcome) return name;
  return "needs_attention";
}

std::optional<Outcome> parse_outcome(std::string_view name) {
  for (const auto& [value, known] : kOutcomes)
    if (name == known) return value;
  return std::nullopt;
}

namespace events {

Event deploy_started(const Started& started) {
  Event begun = event("deploy.started", {{"release", started.release},
                                         {"from", started.from ? json(*started.from) : json(nullptr)},
                                         {"instances", started.instances},
                                         {"handover", handover_name(started.handover)},
                                         {"command", command_word(started.command)},
                                         {"note", started.note}});
  if (started.canary > 0) begun.fields["canary"] = started.canary;
  if (!started.returns.empty()) begun.fields["returns"] = started.returns;
  return begun;
}

Event deploy_finished(const Finished& finished) {
  return event("deploy.finished", {{"outcome", outcome_name(finished.outcome)},
                                   {"duration_ms", finished.duration.count()},
                                   {"connections_cut", finished.connections_cut},
                                   {"reason", finished.reason}});
}

Event instance_starting(InstanceId id, const std::string& release) {
  return event("instance.starting", {{"id", id}, {"release", release}});
}

Event traffic_shifting(const std::vector<InstanceId>& in, const std::vector<InstanceId>& out,
                       const Rotation& weights) {
  return event("traffic.shifting", shift_fields(in, out, weights));
}

Event instance_stopping(InstanceId id) {
  return event("instance.stopping", {{"id", id}});
}

Event instance_started(InstanceId id, const std::string& release, pid_t pid) {
  return event("instance.started", {{"id", id}, {"release", release}, {"pid", pid}});
}

Event instance_ready(InstanceId id, Millis after) {
  return event("instance.ready", {{"id", id}, {"after_ms", after.count()}});
}

Event instance_unready(InstanceId id, const std::string& reason) {
  return event("instance.unready", {{"id", id}, {"reason", reason}});
}

Event traffic_shifted(const std::vector<InstanceId>& in, const std::vector<InstanceId>& out,
                      const Rotation& weights) {
  return event("traffic.shifted", shift_fields(in, out, weights));
}

Event instance_settled(InstanceId id, const SettleResult& result) {
  return event("instance.settled", {{"id", id}, {"after_ms", result.after.count()}, {"left", result.left()}});
}

Event instance_draining(InstanceId id, size_t connections, Millis deadline) {
  return event("instance.draining",
               {{"id", id}, {"connections", connections}, {"deadline_ms", deadline.count()}});
}

Event instance_drained(InstanceId id, Millis after, size_t connections_cut,
                       const std::optional<ExitStatus>& exit) {
  return event("instance.drained", {{"id", id},
                                    {"after_ms", after.count()},
                                    {"connections_cut", connections_cut},
                                    {"exit", exit_or_null(exit)}});
}

Event instance_exited(InstanceId id, const std::optional<ExitStatus>& exit) {
  return event("instance.exited", {{"id", id}, {"exit", exit_or_null(exit)}});
}

Event instance_restarted(InstanceId id, pid_t pid) {
  return event("instance.restarted", {{"id", id}, {"pid", pid}});
}

Event hook_failed(const std::string& hook, const ExitStatus& exit) {
  return event("hook.failed", {{"hook", hook}, {"exit", to_json(exit)}});
}

}  // namespace events

}  // namespace rollctl
