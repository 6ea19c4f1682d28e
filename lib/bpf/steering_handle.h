// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.h"
#include "base/fd.h"

namespace rollctl {

// The descriptors of one address's steering, which an instance's shim holds while no rollctl runs.
struct SteeringHandle {
  Endpoint bound;
  Fd program, sockets, state, probes, counters;
  std::vector<uint32_t> slots;  // of the shim's instance, one per listener, in the order of the listeners
};

// The slots that one instance owns, and how many of them have a listener. A slot becomes empty when its
// listener closes.
struct SlotUse {
  size_t owned = 0;
  size_t filled = 0;

  [[nodiscard]] bool is_full() const { return filled == owned; }
  bool operator==(const SlotUse&) const = default;
};

// Counters since the program was attached.
struct SteeringCounters {
  uint64_t connections = 0;  // steered to this instance
  uint64_t fallbacks = 0;    // of these: the slot that the rotation chose was empty
  uint64_t migrations = 0;   // moved here by the kernel from a closed listener

  bool operator==(const SteeringCounters&) const = default;
};

}  // namespace rollctl
