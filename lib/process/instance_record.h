// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "process/http_report.h"
#include "process/launch_spec.h"

namespace rollctl {

enum class InstanceState {
  Starting,    // launched, not ready
  Ready,       // ready, outside the rotation
  Serving,     // in the rotation
  Canary,      // in the rotation with a weight
  Standby,     // out of rotation, kept for an instant rollback
  Settling,    // out of rotation, handshakes and accept queue not empty yet
  Draining,    // told to drain
  Stopped,     // drained, ended
  Restarting,  // died; the shim starts it again
  Failed,      // died; the shim does not start it again
};
const char* instance_state_name(InstanceState state);
Result<InstanceState> parse_instance_state(const std::string& name);

// How a process ended. Exactly one member is set.
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;
  [[nodiscard]] bool success() const { return code == 0; }
  [[nodiscard]] std::string text() const;  // "exited with 3", "was killed by SIGSEGV"
  bool operator==(const ExitStatus&) const = default;
};
nlohmann::json to_json(const ExitStatus& status);  // {"code":0} or {"signal":"SIGKILL"}
Result<ExitStatus> exit_status_from_json(const nlohmann::json& json);

// An instance as its shim describes it: in RUN_DIR/instance.json, which the shim writes before the server may
// exec, and in replies and events. A reader checks that the processes still exist.
struct InstanceRecord {
  InstanceId id = 0;
  std::string app;
  std::string release;
  int64_t generation = 0;
  InstanceState state = InstanceState::Starting;
  double weight = 0;  // percent of the new connections, as rollctl last set it
  ProcessId shim;
  ProcessId server;  // pid 0 while none runs
  WallTime started;  // of the running server
  std::optional<Millis> ready_after;
  int restarts = 0;
  std::string status;           // the server's last STATUS=
  bool notified_ready = false;  // it sent READY=1
  // On the monotonic clock, which all processes share until the next boot. No record outlives a boot.
  std::optional<TimePoint> drain_deadline;
  std::optional<TimePoint> standby_until;  // then the shim drains the instance
  std::optional<ExitStatus> exit;          // of the last server process
  std::string reason;                      // why it ended unasked, until a later one is ready
  bool tells_all = false;  // its shim knows DrainScope::All; an older one tells the main process only
  bool asks_http = false;  // its shim knows DrainOrder::http; an older one tells the server to end at once
  std::optional<HttpReport> http;  // of a drain that asks the clients, so far
  LaunchSpec spec;
};
nlohmann::json to_json(const InstanceRecord& record);
// Without the spec, which never changes and can be large: for replies and events.
nlohmann::json summary_to_json(const InstanceRecord& record);
Result<InstanceRecord> instance_record_from_json(const nlohmann::json& json);

// The files in a run directory.
inline constexpr const char* kInstanceFile = "instance.json";
inline constexpr const char* kControlSocket = "control.sock";
inline constexpr const char* kLaunchSocket = "launch.sock";
inline constexpr const char* kLaunchSpec = "launch.json";  // until the server runs
inline constexpr const char* kNotifySocket = "notify.sock";

// Beside the run directories of an app's instances. The process that changes the app holds an flock on it.
inline constexpr const char* kAppLock = "lock";

// Replaces RUN_DIR/instance.json atomically. For the shim, or for the process that adopts its orphaned
// server.
Status write_instance_record(const std::string& run_dir, const InstanceRecord& record);

// RUN_DIR/instance.json. NotFound if the shim has not written it yet.
Result<InstanceRecord> read_instance_record(const std::string& run_dir);

// Whether the file exists, readable or not.
Result<bool> has_instance_record(const std::string& run_dir);

}  // namespace rollctl
