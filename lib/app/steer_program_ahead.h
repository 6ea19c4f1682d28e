// SPDX-License-Identifier: MIT
#pragma once

#include "base/beside.h"
#include "steering/steer_program.h"

namespace roll {

// The steering program on its way into the kernel, which takes longer than all that is done before it is
// needed. Destroying it waits for the end of that.
using SteerProgramAhead = Beside<Result<SteerMaps>>;

// Begins it.
SteerProgramAhead load_steer_program_ahead();

}  // namespace roll
