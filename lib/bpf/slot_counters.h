// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "bpf/steering_handle.h"

namespace rollctl {

// The sum of the steering program's counters of these slots, over all CPUs. `counters_fd` is the map
// `roll_counters` of one address; borrowed. Never blocks.
Result<SteeringCounters> read_slot_counters(int counters_fd, std::span<const uint32_t> slots);

// Sets the slot's counters to zero, before the slot gets an owner.
void begin_slot_counters(int counters_fd, uint32_t slot);

}  // namespace rollctl
