// SPDX-License-Identifier: MIT
#pragma once

#include "base/background_task.h"
#include "bpf/steer_program.h"

namespace rollctl {

// The steering program on its way into the kernel, which takes longer than all that is done before it is
// needed. Destroying it waits for the end of that.
using SteerProgramAhead = BackgroundTask<Result<SteerMaps>>;

// Begins it.
SteerProgramAhead load_steer_program_ahead();

}  // namespace rollctl
