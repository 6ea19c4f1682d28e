// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "base/result.h"

namespace rollctl {

// The descriptors that rollctl holds open in a change, as measured: 1016 at the peak of a first deploy of 250
// instances, 1272 of their replacement all at once, for servers with one listener on each address.
struct DescriptorNeed {
  enum class Keeps { ForEachAddress, ForEachListener };  // eBPF, or no steering; classic

  size_t standing = 0;   // instances that are there already: a connection to each shim
  size_t starting = 0;   // instances that are started: a connection, and what starts and probes it
  size_t addresses = 1;  // a program with its maps for each
  Keeps keeps = Keeps::ForEachAddress;

  [[nodiscard]] size_t descriptors() const;
};

// Unsupported, with both numbers, where this process may not have so many (RLIMIT_NOFILE).
Status check_descriptors(const DescriptorNeed& need);

}  // namespace rollctl
