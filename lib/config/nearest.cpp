// SPDX-License-Identifier: MIT
#include "config/nearest.h"

#include <algorithm>

namespace rollctl {

namespace {

// Quadratic work: a file may contain a very long name.
constexpr size_t kLongest = 64;

}  // namespace

size_t edit_distance(std::string_view one, std::string_view other) {
  const size_t cut = std::max(one.size(), kLongest) - kLongest;
  one = one.substr(0, kLongest);
  other = other.substr(0, kLongest);

  std::vector<size_t> before_last, last(other.size() + 1), row(other.size() + 1);
  for (size_t j = 0; j <= other.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= one.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= other.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[other.size()] + cut;
}

std::string nearest(std::string_view text, const std::vector<std::string>& candidates) {
  const auto found =
      std::min_element(candidates.begin(), candidates.end(), [&](const auto& one, const auto& other) {
        return edit_distance(text, one) < edit_distance(text, other);
      });
  return found == candidates.end() ? std::string() : *found;
}

}  // namespace rollctl
