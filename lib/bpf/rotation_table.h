// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "bpf/steer_layout.h"

namespace rollctl {

// The share of one instance: a positive weight, divided among its slots.
struct RotationShare {
  double weight = 0;
  std::vector<uint16_t> slots;  // at least one
};

struct RotationTable {
  std::array<uint16_t, ROLL_STEER_ENTRIES> entries{};  // hash → slot; ROLL_STEER_NO_SLOT where there is none
  std::vector<uint16_t> serving;  // every slot once, instances alternating where possible
};

// Distributes the entries in proportion to the weights (largest remainder, at least one entry per share),
// spread evenly over the table. Pure and deterministic.
RotationTable build_rotation_table(std::span<const RotationShare> shares);

}  // namespace rollctl
