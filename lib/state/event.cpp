// SPDX-License-Identifier: MIT
#include "state/event.h"

#include <utility>

namespace rollctl::events {

namespace {

Event unstamped(EventBody body) {
  return {std::move(body), 0, {}};
}

RotationChange shift(const std::vector<InstanceId>& in, const std::vector<InstanceId>& out,
                     const Rotation& weights) {
  return {in, out, weights};
}

}  // namespace

Event deploy_started(const Started& started) {
  return unstamped(DeployStarted{started.command, started.release, started.from, started.instances,
                                 handover_name(started.handover), started.note, started.canary,
                                 started.returns, started.caller.user, started.caller.via});
}

Event deploy_finished(const Finished& finished) {
  return unstamped(finished);
}

Event instance_starting(InstanceId id, const std::string& release) {
  return unstamped(InstanceStarting{id, release});
}

Event traffic_shifting(const std::vector<InstanceId>& in, const std::vector<InstanceId>& out,
                       const Rotation& weights) {
  return unstamped(TrafficShifting{shift(in, out, weights)});
}

Event instance_stopping(InstanceId id) {
  return unstamped(InstanceStopping{id});
}

Event instance_started(InstanceId id, const std::string& release, pid_t pid) {
  return unstamped(InstanceStarted{id, release, pid});
}

Event instance_ready(InstanceId id, Millis after) {
  return unstamped(InstanceReady{id, after});
}

Event instance_unready(InstanceId id, const std::string& reason) {
  return unstamped(InstanceUnready{id, reason});
}

Event traffic_shifted(const std::vector<InstanceId>& in, const std::vector<InstanceId>& out,
                      const Rotation& weights) {
  return unstamped(TrafficShifted{shift(in, out, weights)});
}

Event instance_settled(InstanceId id, const SettleResult& result) {
  return unstamped(InstanceSettled{id, result.after, result.left(), result.failure});
}

Event instance_draining(InstanceId id, size_t connections, Millis deadline) {
  return unstamped(InstanceDraining{id, connections, deadline});
}

Event instance_lingering(const InstanceLingering& lingering) {
  return unstamped(lingering);
}

Event instance_drained(const InstanceDrained& drained) {
  return unstamped(drained);
}

Event instance_exited(InstanceId id, const std::optional<ExitStatus>& exit) {
  return unstamped(InstanceExited{id, exit});
}

Event instance_restarted(InstanceId id, pid_t pid) {
  return unstamped(InstanceRestarted{id, pid});
}

Event hook_failed(const std::string& hook, const std::optional<ExitStatus>& exit) {
  return unstamped(HookFailed{hook, exit});
}

}  // namespace rollctl::events
