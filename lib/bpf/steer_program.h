// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// One loaded steering program and its maps. The kernel frees them once the last descriptor is closed and the
// last group with the program has gone.
struct SteerMaps {
  Fd program, sockets, state, probes, counters;

  [[nodiscard]] Result<SteerMaps> duplicate() const;
};

// Loads a program with new maps: 0.3 ms. NotPermitted without CAP_BPF (older kernels require CAP_NET_ADMIN as
// well); Unsupported where the kernel has no such programs (before 5.14) or has no bpf(2).
Result<SteerMaps> load_steer_program();
// The same, with the verifier's log as 0-terminated text: 100 KB to 1 MB, depending on the caller's
// capabilities. Unsupported where the log does not fit.
Result<SteerMaps> load_steer_program_with_log(std::span<char> log);

}  // namespace rollctl
