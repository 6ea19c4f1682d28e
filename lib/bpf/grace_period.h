// SPDX-License-Identifier: MIT
#pragma once

namespace rollctl {

// The ways to wait for earlier listener look-ups, in the order of preference.
enum class GraceWay {
  EveryCpu,      // this thread ran on every CPU
  Membarrier,    // membarrier(2) waited for an RCU grace period
  Registration,  // so did the registration of a process for it
  Pause,         // none of these is permitted: 100 ms, some 10,000 times as long as a look-up takes
};

// Returns once no CPU is in a listener look-up that began before the call. Then every steering program has
// read the current tables, and every handshake that was being finished is in an accept queue. With
// GraceWay::Pause that is very likely, not certain.
//
// Blocks: 0.1 ms with two CPUs where the thread may take a real-time priority for that moment (root may),
// else some ms per busy CPU; 5 to 30 ms where the process may not run on every CPU or the kernel is
// PREEMPT_RT. The calling thread keeps its CPU, its affinity and its priority.
GraceWay grace_period();

}  // namespace rollctl
