// SPDX-License-Identifier: MIT
#pragma once

#include <future>

#include "steering/steer_program.h"

namespace roll {

// The steering program on its way into the kernel, which takes longer than all that is done before it is
// needed. Destroying it waits for the end of that.
using SteerProgramAhead = std::future<Result<SteerMaps>>;

// Begins it, on a thread of its own; where there can be no more threads, it is done when it is asked for.
SteerProgramAhead load_steer_program_ahead();

}  // namespace roll
