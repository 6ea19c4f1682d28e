// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "loop/loop.h"
#include "probe/probe.h"

namespace rollctl {

// An attempt of kind Exec, as Probe::attempt(). The command runs in a process group of its own, which is
// killed when the command has exited, at the time limit, and when the attempt is destroyed.
std::unique_ptr<ProbeAttempt> attempt_exec(Loop& loop, const ProbeSpec& spec, Probe::Done done);

}  // namespace rollctl
