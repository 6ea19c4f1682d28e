// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "bpf/steer_layout.h"

namespace rollctl {

// What one instance gets: a positive weight, shared among its slots.
struct RotationShare {
  double weight = 0;
  std::vector<uint16_t> slots;  // at least one
};

struct RotationTable {
  std::array<uint16_t, ROLL_STEER_ENTRIES> entries{};  // hash → slot; ROLL_STEER_NO_SLOT where there is none
  std::vector<uint16_t> serving;  // every slot once, neighbours being of different instances where possible
};

// Deals the entries out in proportion to the weights (largest remainder, and never nothing for a share whose
// weight is positive), spread evenly over the table. Pure, and the same for the same input.
RotationTable build_rotation_table(std::span<const RotationShare> shares);

}  // namespace rollctl
