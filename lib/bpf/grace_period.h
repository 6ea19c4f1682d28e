// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"

namespace rollctl {

// Returns once no CPU is in a listener look-up that began before the call. Then every steering program has
// read the current tables, and every handshake that was being finished is in an accept queue.
//
// Blocks: 0.1 ms with two CPUs where the thread may take a real-time priority for that moment (root may),
// else some ms per busy CPU; 5 to 30 ms where the process may not run on every CPU or the kernel is
// PREEMPT_RT. The calling thread keeps its CPU, its affinity and its priority.
Status grace_period();

// The same, and tells the method.
enum class GraceWay { EveryCpu, Membarrier };
Result<GraceWay> try_grace_period();

}  // namespace rollctl
