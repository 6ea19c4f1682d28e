// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rollctl {

// How many letters must be added, removed, replaced or swapped with their neighbour.
size_t edit_distance(std::string_view one, std::string_view other);

// The candidate with the least distance, the first of equals; empty where there are none.
std::string nearest(std::string_view text, const std::vector<std::string>& candidates);

}  // namespace rollctl
