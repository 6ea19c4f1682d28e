// SPDX-License-Identifier: MIT
#pragma once

#include "base/fd.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "probe/probe.h"

namespace roll {

// A running command, the leader of a process group of its own. Neither killed nor reaped by this object.
struct ExecChild {
  ProcessRef process;
  Fd output;  // its standard output and standard error; non-blocking
};

// Starts `spec.command` with exactly `spec.env`, in `spec.workdir`, as `spec.credentials`, with /dev/null as
// standard input and no other descriptor of ours. Blocks until it was executed; where that fails the error
// names the step: cannot start "./check" (changing to "/srv"): No such file or directory
Result<ExecChild> start_exec_child(const ProbeSpec& spec);

}  // namespace roll
