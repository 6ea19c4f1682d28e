// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// The descriptors of one loaded steering program and its maps. The kernel frees them once the last descriptor
// and the last group that the program is attached to have gone.
struct SteerMaps {
  Fd program, sockets, state, probes, counters;

  [[nodiscard]] Result<SteerMaps> duplicate() const;
};

// Loads a program with maps of its own: 0.3 ms. NotPermitted without CAP_BPF (older kernels want
// CAP_NET_ADMIN as well); Unsupported where the kernel has no such programs (before 5.14) or refuses bpf(2).
Result<SteerMaps> load_steer_program();
// With what the kernel's verifier said of it, as text that ends with a 0: 100 KB to 1 MB, depending on the
// privileges of the caller. Unsupported where there is no room for all of it.
Result<SteerMaps> load_steer_program_with_log(std::span<char> log);

}  // namespace rollctl
