// SPDX-License-Identifier: MIT
#pragma once

#include "base/fd.h"
#include "base/result.h"

namespace roll {

// The descriptors of one loaded steering program and its maps. The kernel frees them once the last descriptor
// and the last group that the program is attached to have gone.
struct SteerMaps {
  Fd program, sockets, state, probes, counters;

  [[nodiscard]] Result<SteerMaps> duplicate() const;
};

// Loads a program with maps of its own: 0.3 ms. NotPermitted without CAP_BPF (older kernels want
// CAP_NET_ADMIN as well); Unsupported where the kernel has no such programs (before 5.14) or refuses bpf(2).
Result<SteerMaps> load_steer_program();

}  // namespace roll
