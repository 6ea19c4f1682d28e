// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "process/instance_record.h"
#include "state/app_command.h"
#include "steering/steering.h"

namespace rollctl {

// One instance as `status` shows it.
struct InstanceStatus {
  InstanceId id = 0;
  std::string release;
  int64_t generation = 0;
  InstanceState state = InstanceState::Starting;
  double weight = 0;  // percent of the new connections
  pid_t pid = 0;      // 0 while no server runs; for people only
  pid_t shim_pid = 0;
  enum class Supervision { Supervised, Unsupervised, Silent };
  Supervision supervision = Supervision::Supervised;
  std::optional<size_t> connections;  // open now, where it could be counted
  int restarts = 0;
  WallTime started;
  std::optional<Millis> ready_after;
  std::optional<WallTime> drain_deadline;
  std::optional<WallTime> standby_until;
  std::string status;  // STATUS=
  SteeringCounters steered;

  // A canary serves as well, but is none of those that are wanted.
  [[nodiscard]] bool serves() const { return pid != 0 && state == InstanceState::Serving; }
};

// A change that runs now, that a killed rollctl left, or whose canary waits for a decision.
struct RunningChange {
  enum class Phase { Running, Interrupted, Canary };
  Phase phase = Phase::Running;
  AppCommand command = AppCommand::Deploy;
  std::string release;
  int64_t generation = 0;
  WallTime since;
};

// An app as `status` shows it. `wanted` 0: stopped, or never deployed.
struct AppStatus {
  std::string app;
  std::string release;  // empty: none was completed
  int64_t generation = 0;
  int wanted = 0;
  int serving = 0;
  std::string handover;  // of the last change; empty: none yet
  std::vector<std::string> listen;
  std::optional<WallTime> since;
  std::optional<RunningChange> change;
  std::vector<InstanceStatus> instances;
  std::optional<Error> silent;  // shims that live and do not answer, and what to do about it

  // Those that serve beside the ones that are wanted; none while a change runs or is to be
  // recovered, whichever release that will be for.
  [[nodiscard]] std::vector<InstanceId> surplus() const;
  // All wanted instances serve, no others do, every shim answers, and nothing waits for `recover`.
  [[nodiscard]] bool good() const;
};

// The object of `status --json`.
nlohmann::json to_json(const AppStatus& status);

}  // namespace rollctl
