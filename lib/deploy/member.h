// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/group.h"
#include "process/instance_record.h"
#include "state/instance_log.h"

namespace rollctl {

// The reason why an instance makes a change fail.
enum class Trouble {
  None,
  LaunchFailed,  // the server could not be started at all
  Died,          // the server exited unasked
  WrongGroup,    // it listens where connections cannot be handed over to it
  NotInTime,     // it was not ready at the deadline
  Unready,       // it was ready, and is not any more
  HostFailed,    // rollctl could not open its gate or look at its listeners
};

// An instance as one change sees it. Plain data, one record for each instance: events of the instance change
// it, and every act reads it. State that only one act needs is kept by that act.
//
//   state      | entered when                                    | left to
//   -----------+-------------------------------------------------+---------------------------------------------
//   Starting   | its launch was ordered                          | Ready, Failed
//   Ready      | it listens, in the right group, and is ready    | Serving, Canary, Draining
//   Serving    | it is in the rotation                           | Settling, Draining, Restarting
//   Canary     | it is in the rotation with a weight of its own  | Serving, Settling, Draining, Failed
//   Standby    | it left the rotation and is held                | Serving (a rollback), Draining, Failed
//   Restarting | it died, its shim starts it again               | Serving, Failed, Draining
//   Settling   | it left the rotation                            | Draining, Standby, Serving (taken back)
//   Draining   | it was told to end                              | Stopped
//   Failed     | it died and is not started again                | Draining (its shim still stands), Stopped
//   Stopped    | no process of it is left                        |
struct Member {
  enum class Origin {
    Found,     // it was there before this change
    Launched,  // this change launched it
    Returned,  // it stood by and comes back by this change
    Promoted,  // it was a canary, and is one of many by this change
  };

  InstanceId id = 0;
  Origin origin = Origin::Found;
  std::string release;
  int64_t generation = 0;
  InstanceState state = InstanceState::Starting;
  TimePoint state_since;
  ProcessId server;
  InstanceLog log;
  std::string detail;  // for people: its STATUS=, or why it is not ready

  TimePoint launched_at;
  bool notified_ready = false;
  std::vector<GroupIdentity> groups;  // where it listens; empty until it listens everywhere
  std::vector<uint32_t> inodes;       // of its listeners then
  std::optional<Millis> ready_after;

  double weight = 0;  // percent, as its record said
  std::optional<TimePoint> standby_until;

  Trouble trouble = Trouble::None;
  std::string trouble_text;
  std::string trouble_hint;
  TimePoint drain_began;
  std::optional<TimePoint> drain_deadline;
  std::optional<size_t> connections;
  size_t connections_cut = 0;
  std::optional<HttpReport> http;  // of its drain
  bool tells_all = true;           // its shim knows DrainScope::All
  bool asks_http = true;           // its shim knows DrainOrder::http
  DrainScope drain_scope = DrainScope::Main;
  bool is_lingering = false;  // its main process has ended, its others drain on: this was told
  std::optional<ExitStatus> exit;
  bool forgotten = false;  // it is gone, and the steering does not know it any more

  [[nodiscard]] bool joined() const { return !groups.empty(); }
  [[nodiscard]] bool gone() const { return state == InstanceState::Stopped; }
  [[nodiscard]] bool leaving() const {
    return state == InstanceState::Settling || state == InstanceState::Draining || gone();
  }
};

}  // namespace rollctl
