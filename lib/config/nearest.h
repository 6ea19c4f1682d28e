// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rollctl {

// The edit distance: letters to add, remove, replace or swap with their neighbour.
size_t edit_distance(std::string_view one, std::string_view other);

// The nearest candidate, the first of equals; empty without candidates.
std::string nearest(std::string_view text, const std::vector<std::string>& candidates);

}  // namespace rollctl
