// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "process/instance_record.h"

namespace rollctl {

// A report that a shim sends without a request.
struct ShimEvent {
  enum class Kind {
    Launched,       // the server runs (exec worked); `record.server` is set
    LaunchFailed,   // `message` has stage and errno: cannot start "./web" (changing to "/srv/web"): No such
                    // file …
    NotifiedReady,  // READY=1
    StatusText,     // the record changed: STATUS=, an extended drain deadline, or ready again
    Exited,         // the server ended with `exit`; record.state: Restarting, Failed or Stopped
    Restarted,      // a new server process runs
    Gone,           // the connection ended: the shim has finished (after Stopped or LaunchFailed) or died
  };
  Kind kind;
  InstanceRecord record;           // at the event; with Gone the last one received
  std::optional<ExitStatus> exit;  // with Exited
  std::string message;
  std::optional<size_t> connections_cut;  // with Exited after a drain that ended at its deadline
  size_t processes_killed = 0;            // then, besides the main process
};

}  // namespace rollctl
