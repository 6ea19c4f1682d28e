// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "process/instance_record.h"
#include "state/app_command.h"
#include "steering/steering.h"

namespace rollctl {

// Something that happened to an app, or (an intent) is about to. The same event is a journal line, a line of
// `--json`, and what a person reads.
struct Event {
  std::string name;       // "instance.ready"
  nlohmann::json fields;  // what the name promises, without v, time, app, generation and event
  int64_t generation = 0;
  WallTime time;
};

// The whole line: v, time, app, generation, event, then the fields.
nlohmann::json event_to_json(const Event& event, const std::string& app);
// Nothing for a line that is none: torn, or of another program.
std::optional<Event> event_from_line(std::string_view line);

enum class Outcome { Deployed, Unchanged, Canary, RolledBack, Interrupted, NeedsAttention };
const char* outcome_name(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view name);

// The vocabulary. `generation` and `time` are filled in by who records it.
namespace events {

struct Started {
  AppCommand command = AppCommand::Deploy;
  std::string release;
  std::optional<std::string> from = {};  // the release that serves
  int instances = 0;                     // that shall serve in the end
  Handover handover = Handover::Plain;
  std::string note = {};
  double canary = 0;                     // percent that the first new instance gets alone; 0: none
  std::vector<InstanceId> returns = {};  // that stand by and are to serve again
};
Event deploy_started(const Started& started);

struct Finished {
  Outcome outcome = Outcome::Deployed;
  Millis duration{0};
  size_t connections_cut = 0;
  std::string reason = {};
};
Event deploy_finished(const Finished& finished);

// Intents: written and synced before the act.
Event instance_starting(InstanceId id, const std::string& release);
Event traffic_shifting(const std::vector<InstanceId>& in, const std::vector<InstanceId>& out,
                       const Rotation& weights);
Event instance_stopping(InstanceId id);

Event instance_started(InstanceId id, const std::string& release, pid_t pid);
Event instance_ready(InstanceId id, Millis after);
Event instance_unready(InstanceId id, const std::string& reason);
Event traffic_shifted(const std::vector<InstanceId>& in, const std::vector<InstanceId>& out,
                      const Rotation& weights);
Event instance_settled(InstanceId id, const SettleResult& result);
Event instance_draining(InstanceId id, size_t connections, Millis deadline);
Event instance_drained(InstanceId id, Millis after, size_t connections_cut,
                       const std::optional<ExitStatus>& exit);
Event instance_exited(InstanceId id, const std::optional<ExitStatus>& exit);
Event instance_restarted(InstanceId id, pid_t pid);
Event hook_failed(const std::string& hook, const ExitStatus& exit);

}  // namespace events

}  // namespace rollctl
