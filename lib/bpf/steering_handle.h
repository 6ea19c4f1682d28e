// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "base/address.h"
#include "base/fd.h"

namespace rollctl {

// The descriptors that keep one address's steering alive without a rollctl, as an instance's shim holds them.
struct SteeringHandle {
  Endpoint bound;
  Fd program, sockets, state, probes, counters;
  std::vector<uint32_t>
      slots;  // of that shim's own instance, one per listener, in the order of the listeners
};

// Counters since the program was attached.
struct SteeringCounters {
  uint64_t connections = 0;  // steered to this instance
  uint64_t fallbacks = 0;    // of these: meant for an instance that had gone
  uint64_t migrations = 0;   // moved here by the kernel from a listener that closed

  bool operator==(const SteeringCounters&) const = default;
};

}  // namespace rollctl
