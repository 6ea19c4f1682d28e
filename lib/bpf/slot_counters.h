// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "bpf/steering_handle.h"

namespace rollctl {

// The sum of what the steering program counted for these slots of one address, over all CPUs. `counters_fd`
// is the map `roll_counters`; borrowed. Never blocks.
Result<SteeringCounters> read_slot_counters(int counters_fd, std::span<const uint32_t> slots);

// Whether it is sure that the program has counted nothing for any of these.
bool have_counted_nothing(int counters_fd, std::span<const uint32_t> slots);

// Begins to count from zero for whoever gets the slot.
void begin_slot_counters(int counters_fd, uint32_t slot);

}  // namespace rollctl
