// SPDX-License-Identifier: MIT
#include "bpf/rotation_table.h"

#include <algorithm>
#include <numeric>

namespace rollctl {

namespace {

constexpr int kEntries = ROLL_STEER_ENTRIES;

std::vector<int> count_entries(std::span<const RotationShare> shares) {
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0,
                                       [](double sum, const auto& share) { return sum + share.weight; });
  std::vector<int> counts;
  std::vector<double> remainders;
  for (const auto& share : shares) {
    const double exact = share.weight / total * kEntries;
    counts.push_back(std::max(1, static_cast<int>(exact)));
    remainders.push_back(exact - counts.back());
  }
  int left = kEntries - std::accumulate(counts.begin(), counts.end(), 0);
  for (; left > 0; --left) {
    const auto neediest = std::ranges::max_element(remainders) - remainders.begin();
    ++counts[neediest];
    remainders[neediest] -= 1;
  }
  for (; left < 0; ++left) --*std::ranges::max_element(counts);  // taken from the largest
  return counts;
}

}  // namespace

RotationTable build_rotation_table(std::span<const RotationShare> shares) {
  RotationTable table;
  table.entries.fill(ROLL_STEER_NO_SLOT);
  if (shares.empty()) return table;

  // Each entry goes to the share that is furthest behind its proportion.
  const std::vector<int> counts = count_entries(shares);
  std::vector<int> due(shares.size(), 0);
  std::vector<size_t> given(shares.size(), 0);
  for (auto& entry : table.entries) {
    for (size_t i = 0; i < due.size(); ++i) due[i] += counts[i];
    const size_t next = static_cast<size_t>(std::ranges::max_element(due) - due.begin());
    due[next] -= kEntries;
    const auto& slots = shares[next].slots;
    entry = slots[given[next]++ % slots.size()];
  }

  size_t longest = 0;
  for (const auto& share : shares) longest = std::max(longest, share.slots.size());
  for (size_t position = 0; position < longest; ++position) {
    for (const auto& share : shares) {
      if (position < share.slots.size()) table.serving.push_back(share.slots[position]);
    }
  }
  return table;
}

}  // namespace rollctl
