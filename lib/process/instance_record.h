// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "process/launch_spec.h"

namespace rollctl {

enum class InstanceState {
  Starting,    // launched, not ready
  Ready,       // ready, outside the rotation
  Serving,     // in the rotation
  Canary,      // serving with a weight
  Standby,     // out of rotation, kept for an instant rollback
  Settling,    // left the rotation, handshakes and accept queue still to be emptied
  Draining,    // told to end
  Stopped,     // has ended as it was told
  Restarting,  // died unasked; the shim starts it again
  Failed,      // died and will not be started again
};
const char* instance_state_name(InstanceState state);
Result<InstanceState> parse_instance_state(const std::string& name);

// How a process ended: exactly one of the two is set.
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;
  [[nodiscard]] bool success() const { return code == 0; }
  [[nodiscard]] std::string text() const;  // "exited with 3", "was killed by SIGSEGV"
  bool operator==(const ExitStatus&) const = default;
};
nlohmann::json to_json(const ExitStatus& status);  // {"code":0} or {"signal":"SIGKILL"}
Result<ExitStatus> exit_status_from_json(const nlohmann::json& json);

// An instance as its shim describes it: RUN_DIR/instance.json, written by the shim, first
// written before the server may exec, and the answer to the `state` request. Who reads it checks the
// processes behind it.
struct InstanceRecord {
  InstanceId id = 0;
  std::string app;
  std::string release;
  int64_t generation = 0;
  InstanceState state = InstanceState::Starting;
  double weight = 0;  // percent of the new connections, as rollctl last said it
  ProcessId shim;
  ProcessId server;  // pid 0 while none runs
  WallTime started;  // of the running server
  std::optional<Millis> ready_after;
  int restarts = 0;
  std::string status;           // the server's last STATUS=
  bool notified_ready = false;  // it sent READY=1
  // Whoever reads them counts on the same clock, until the next boot, which no record outlives.
  std::optional<TimePoint> drain_deadline;
  std::optional<TimePoint> standby_until;  // then its shim drains it
  std::optional<ExitStatus> exit;          // of the last server process that ended
  LaunchSpec spec;
};
nlohmann::json to_json(const InstanceRecord& record);
// All of it but the specification, which never changes and can be large: what events carry.
nlohmann::json summary_to_json(const InstanceRecord& record);
Result<InstanceRecord> instance_record_from_json(const nlohmann::json& json);

// The files in a run directory.
inline constexpr const char* kInstanceFile = "instance.json";
inline constexpr const char* kControlSocket = "control.sock";
inline constexpr const char* kLaunchSocket = "launch.sock";
inline constexpr const char* kLaunchSpec = "launch.json";  // until the server runs
inline constexpr const char* kNotifySocket = "notify.sock";

// BackgroundTask the run directories of an app's instances: an flock on it is held by whoever changes the
// app.
inline constexpr const char* kAppLock = "lock";

// Replaces RUN_DIR/instance.json in one step. The shim's to do; whoever looks after the server of a dead shim
// does it in its place.
Status write_instance_record(const std::string& run_dir, const InstanceRecord& record);

// RUN_DIR/instance.json. NotFound where there is none (yet).
Result<InstanceRecord> read_instance_record(const std::string& run_dir);

// Whether there is one, in whatever shape.
Result<bool> has_instance_record(const std::string& run_dir);

}  // namespace rollctl
