// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loop/watch.h"
#include "net/group.h"
#include "probe/readiness.h"
#include "process/instance_record.h"
#include "state/instance_log.h"
#include "steering/steering.h"

namespace rollctl {

// What went wrong with an instance; with None nothing did.
enum class Trouble {
  None,
  LaunchFailed,  // the server could not be started at all
  Died,          // the server exited unasked
  WrongGroup,    // it listens where connections cannot be handed over to it
  NotInTime,     // it was not ready at the deadline
  Unready,       // it was ready, and is not any more
  HostFailed,    // something that rollctl needed of the host did not work
};

// An instance as one change sees it.
//
//   state      | entered when                                | left to
//   -----------+---------------------------------------------+------------------------------------------------
//   Starting   | its launch was ordered                      | Ready, Failed
//   Ready      | it listens, in the right group, and is ready | Serving, Canary, Draining
//   Serving    | it is in the rotation                       | Settling, Draining, Restarting
//   Canary     | it is in the rotation with a weight of its own | Serving, Settling, Draining, Failed
//   Standby    | it left the rotation and is held            | Serving (a rollback), Draining, Failed
//   Restarting | it died, its shim starts it again           | Serving, Failed, Draining
//   Settling   | it left the rotation                        | Draining, Standby, Serving (taken back)
//   Draining   | it was told to end                          | Stopped
//   Failed     | it died and is not started again            | Draining (its shim still stands), Stopped
//   Stopped    | no process of it is left                    |
//
// Callbacks change members; the acts only look at them while they wait.
struct Member {
  // It was there before this change; is of it; or was there and comes back by it.
  enum class Origin { Found, Launched, Returned };

  InstanceId id = 0;
  Origin origin = Origin::Found;
  std::string release;
  int64_t generation = 0;
  InstanceState state = InstanceState::Starting;
  TimePoint state_since;
  ProcessId server;
  InstanceLog log;
  std::string detail;

  // How it became ready.
  TimePoint launched_at;
  bool notified_ready = false;
  bool gate_open = true;
  bool inherits_sockets = false;             // clients may come to them before its server runs
  std::vector<GroupIdentity> groups;         // where it listens; empty until it listens everywhere
  std::vector<uint32_t> inodes;              // of its listeners then
  std::optional<TimePoint> elsewhere_since;  // it listens on the app's port, but not on the app's address
  std::optional<Millis> ready_after;
  std::unique_ptr<Readiness> readiness;
  Watch look_again;

  bool forgotten = false;       // by the steering, after it had gone
  bool holds_steering = false;  // its shim has the descriptors
  double weight = 0;            // percent, as its record said
  std::optional<TimePoint> standby_until;

  // What became of it.
  Trouble trouble = Trouble::None;
  std::string trouble_text;
  std::unique_ptr<Settlement> settlement;
  bool settled = false;  // and nothing was left for the kernel to move when its listeners close
  TimePoint drain_began;
  std::optional<TimePoint> drain_deadline;
  std::optional<size_t> connections;
  size_t connections_cut = 0;
  std::optional<ExitStatus> exit;

  [[nodiscard]] bool joined() const { return !groups.empty(); }
  [[nodiscard]] bool gone() const { return state == InstanceState::Stopped; }
  [[nodiscard]] bool leaving() const {
    return state == InstanceState::Settling || state == InstanceState::Draining || gone();
  }
};

}  // namespace rollctl
