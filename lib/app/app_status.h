// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "process/app_command.h"
#include "process/instance_record.h"
#include "state/freeze.h"
#include "steering/steering.h"

namespace rollctl {

// One instance as `status` shows it.
struct InstanceStatus {
  InstanceId id = 0;
  std::string release;
  int64_t generation = 0;
  InstanceState state = InstanceState::Starting;
  double weight = 0;  // percent of the new connections
  pid_t pid = 0;      // 0 while no process of the server runs; for people only
  pid_t shim_pid = 0;
  enum class Supervision { Supervised, Unsupervised, Silent };
  Supervision supervision = Supervision::Supervised;
  std::optional<size_t> connections;  // open now; empty if they could not be counted
  int restarts = 0;
  WallTime started;
  std::optional<Millis> ready_after;
  std::optional<WallTime> drain_deadline;
  std::optional<WallTime> standby_until;
  std::optional<HttpReport> http;  // of a drain that asks clients to leave
  std::string status;              // STATUS=
  std::vector<pid_t> left;         // its processes, where the main one has ended; `pid` is one of them
  std::string reason;              // why the server ended, where it failed or is restarted
  SteeringCounters steered;

  // It is in the rotation, but has no listener there: it closed its own and opened none anew.
  bool unreachable = false;

  // False for a canary: it does not count as a wanted instance.
  [[nodiscard]] bool serves() const { return pid != 0 && state == InstanceState::Serving && !unreachable; }
};

// A change that is running, that was interrupted, or whose canary awaits a decision.
struct RunningChange {
  enum class Phase { Running, Interrupted, Canary };
  Phase phase = Phase::Running;
  AppCommand command = AppCommand::Deploy;
  std::string release;
  int64_t generation = 0;
  WallTime since;
  bool is_dead = false;  // with Canary: no instance of it serves any more
};

// An app as `status` shows it. `wanted` is 0 if the app is stopped or was never deployed.
struct AppStatus {
  std::string app;
  std::string release;  // empty if no deploy was completed
  int64_t generation = 0;
  int wanted = 0;
  int serving = 0;
  std::string handover;  // of the last change; empty if there was none
  std::vector<std::string> listen;
  std::optional<WallTime> since;
  std::optional<RunningChange> change;
  std::vector<InstanceStatus> instances;
  std::optional<Freeze> frozen;
  std::optional<Error> silent;  // names the running shims that do not answer

  // Instances that serve but are not wanted. Empty while a change runs or awaits recovery: which instances
  // are wanted is open until then.
  [[nodiscard]] std::vector<InstanceId> surplus() const;
  // All wanted instances serve, no others do, each in the rotation has a listener, every shim answers, a
  // canary that stands serves, and no change awaits `recover`.
  [[nodiscard]] bool good() const;
};

// The object of `status --json`.
nlohmann::json to_json(const AppStatus& status);

}  // namespace rollctl
