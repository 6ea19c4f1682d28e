// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "process/event_kinds.h"
#include "steering/steering.h"

// The events that rollctl records. The recorder fills in `generation` and `time`.
namespace rollctl::events {

struct Started {
  AppCommand command = AppCommand::Deploy;
  std::string release;
  std::optional<std::string> from = {};  // the release that serves
  int instances = 0;                     // that are to serve in the end
  Handover handover = Handover::Plain;
  std::string note = {};
  std::optional<double> canary =
      {};  // percent of the new connections for the first new instance, or the canary
  std::vector<InstanceId> returns = {};  // standby instances that are to serve again
  Caller caller = {};
};
Event deploy_started(const Started& started);

using Finished = DeployFinished;
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
Event instance_lingering(const InstanceLingering& lingering);
Event instance_drained(const InstanceDrained& drained);
Event instance_exited(InstanceId id, const std::optional<ExitStatus>& exit);
Event instance_restarted(InstanceId id, pid_t pid);
Event hook_failed(const std::string& hook, const std::optional<ExitStatus>& exit);

}  // namespace rollctl::events
