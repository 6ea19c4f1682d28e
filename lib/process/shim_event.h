// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "process/instance_record.h"

namespace rollctl {

// What a shim reports without being asked.
struct ShimEvent {
  enum class Kind {
    Launched,       // the server runs (exec worked); `record.server` is set
    LaunchFailed,   // `message` says stage and errno: cannot start "./web" (changing to "/srv/web"): No such
                    // file …
    NotifiedReady,  // READY=1
    StatusText,     // STATUS=, in record.status, or a drain that was given more time, or ready again
    Exited,  // the server ended; `exit`; the record's state says what follows: Restarting, Failed or Stopped
    Restarted,  // a new server process runs
    Gone,  // the connection to the shim ended: it has finished (after Stopped or LaunchFailed), or it died
  };
  Kind kind;
  InstanceRecord record;           // as of the event; with Gone the last one known
  std::optional<ExitStatus> exit;  // with Exited
  std::string message;
  std::optional<size_t> connections_cut;  // with Exited after a drain whose deadline was enforced
};

}  // namespace rollctl
