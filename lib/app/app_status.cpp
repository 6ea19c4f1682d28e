// SPDX-License-Identifier: MIT
#include "app/app_status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "state/surplus.h"

namespace rollctl {

using nlohmann::json;

namespace {

template <typename T, typename Convert>
json or_null(const std::optional<T>& value, Convert convert) {
  return value ? json(convert(*value)) : json(nullptr);
}

json to_json(const InstanceStatus& instance) {
  return {{"id", instance.id},
          {"release", instance.release},
          {"generation", instance.generation},
          {"state", instance_state_name(instance.state)},
          {"weight", instance.weight},
          {"reachable", !instance.unreachable},
          {"pid", instance.pid},
          {"shim_pid", instance.shim_pid},
          {"supervised", instance.supervision != InstanceStatus::Supervision::Unsupervised},
          {"answers", instance.supervision == InstanceStatus::Supervision::Supervised},
          {"connections", or_null(instance.connections, [](size_t count) { return count; })},
          {"restarts", instance.restarts},
          {"started", format_time(instance.started)},
          {"ready_after_ms", or_null(instance.ready_after, [](Millis after) { return after.count(); })},
          {"drain_deadline", or_null(instance.drain_deadline, format_time)},
          {"standby_until", or_null(instance.standby_until, format_time)},
          {"http", or_null(instance.http, [](const HttpReport& http) { return to_json(http); })},
          {"status", instance.status},
          {"left", instance.left},
          {"reason", instance.reason},
          {"steered",
           {{"connections", instance.steered.connections},
            {"fallbacks", instance.steered.fallbacks},
            {"migrations", instance.steered.migrations}}}};
}

const char* phase_name(RunningChange::Phase phase) {
  switch (phase) {
    case RunningChange::Phase::Running:
      return "running";
    case RunningChange::Phase::Interrupted:
      return "interrupted";
    case RunningChange::Phase::Canary:
      break;
  }
  return "canary";
}

json to_json(const RunningChange& change) {
  return {{"phase", phase_name(change.phase)},  {"command", command_word(change.command)},
          {"release", change.release},          {"generation", change.generation},
          {"since", format_time(change.since)}, {"dead", change.is_dead}};
}

}  // namespace

bool AppStatus::good() const {
  const bool left_over = change && (change->phase == RunningChange::Phase::Interrupted || change->is_dead);
  const bool all_reachable = std::ranges::none_of(instances, &InstanceStatus::unreachable);
  return serving >= wanted && all_reachable && surplus().empty() && !silent && !left_over;
}

std::vector<InstanceId> AppStatus::surplus() const {
  const bool is_settled = !change || change->phase == RunningChange::Phase::Canary;
  if (!is_settled) return {};
  std::vector<ServingInstance> all;
  for (const InstanceStatus& instance : instances)
    if (instance.serves()) all.push_back({instance.id, instance.generation});
  return surplus_of(all, generation, wanted);
}

json to_json(const AppStatus& status) {
  json instances = json::array();
  for (const InstanceStatus& instance : status.instances) instances.push_back(to_json(instance));
  return {{"v", 1},
          {"app", status.app},
          {"release", status.release.empty() ? json(nullptr) : json(status.release)},
          {"generation", status.generation},
          {"wanted", status.wanted},
          {"serving", status.serving},
          {"handover", status.handover.empty() ? json(nullptr) : json(status.handover)},
          {"listen", status.listen},
          {"since", or_null(status.since, format_time)},
          {"deploy", or_null(status.change, [](const RunningChange& change) { return to_json(change); })},
          {"frozen", or_null(status.frozen, [](const Freeze& freeze) { return rollctl::to_json(freeze); })},
          {"instances", instances}};
}

}  // namespace rollctl
