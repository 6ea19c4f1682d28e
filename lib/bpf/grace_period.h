// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"

namespace rollctl {

// Returns once no CPU is any more in a listener look-up that began before the call: afterwards every steering
// program has seen the tables as they are now, and every handshake that was being finished stands in an
// accept queue.
//
// Blocks: 0.1 ms with two CPUs, also when they are busy where the thread may take a real-time priority for
// that moment (root may), else some ms per busy CPU; 5 to 30 ms where the process may not run on every CPU or
// the kernel is PREEMPT_RT. The calling thread keeps its CPU affinity and its priority, and is back on the
// CPU where it was.
Status grace_period();

// The same, and which way it took.
enum class GraceWay { EveryCpu, Membarrier };
Result<GraceWay> try_grace_period();

}  // namespace rollctl
