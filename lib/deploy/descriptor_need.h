// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "base/result.h"

namespace rollctl {

// The descriptors that rollctl holds open during a change. Measured peaks, for servers with one listener on
// each address: 1016 in a first deploy of 250 instances, 1272 when all of them are replaced at once.
struct DescriptorNeed {
  enum class Keeps {
    ForEachAddress,   // eBPF, or no steering
    ForEachListener,  // classic BPF
  };

  size_t standing = 0;   // instances that run already: a connection to each shim
  size_t starting = 0;   // instances that start: a connection to each shim, its start, and its probe
  size_t addresses = 1;  // a program with its maps on each
  Keeps keeps = Keeps::ForEachAddress;

  [[nodiscard]] size_t descriptors() const;
};

// Unsupported, with both numbers, where RLIMIT_NOFILE allows this process fewer.
Status check_descriptors(const DescriptorNeed& need);

}  // namespace rollctl
