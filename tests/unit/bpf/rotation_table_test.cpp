// SPDX-License-Identifier: MIT
#include "bpf/rotation_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

namespace rollctl {
namespace {

std::map<uint16_t, int> entries_by_slot(const RotationTable& table) {
  std::map<uint16_t, int> counts;
  for (const uint16_t slot : table.entries) ++counts[slot];
  return counts;
}

RotationTable build(std::vector<RotationShare> shares) {
  return build_rotation_table(shares);
}

TEST(RotationTableTest, LeadsNowhereWhenNobodyServes) {
  const RotationTable table = build({});
  EXPECT_EQ(entries_by_slot(table), (std::map<uint16_t, int>{{ROLL_STEER_NO_SLOT, ROLL_STEER_ENTRIES}}));
  EXPECT_TRUE(table.serving.empty());
}

TEST(RotationTableTest, GivesTheOnlyInstanceEverything) {
  const RotationTable table = build({{0.001, {5}}});
  EXPECT_EQ(entries_by_slot(table), (std::map<uint16_t, int>{{5, ROLL_STEER_ENTRIES}}));
  EXPECT_EQ(table.serving, std::vector<uint16_t>{5});
}

TEST(RotationTableTest, DealsOutByLargestRemainder) {
  const auto counts = entries_by_slot(build({{1, {0}}, {1, {1}}, {1, {2}}}));
  EXPECT_EQ(counts, (std::map<uint16_t, int>{{0, 342}, {1, 341}, {2, 341}}));
  EXPECT_EQ(entries_by_slot(build({{99, {0}}, {1, {1}}})), (std::map<uint16_t, int>{{0, 1014}, {1, 10}}));
}

TEST(RotationTableTest, MatchesTheWeightsOverAHundredThousandDraws) {
  std::mt19937 random(42);  // NOLINT(bugprone-random-generator-seed): deterministic
  for (const double percent : {1.0, 10.0, 50.0}) {
    const RotationTable table = build({{100 - percent, {0}}, {percent, {1}}});
    int to_canary = 0;
    for (int draw = 0; draw < 100'000; ++draw) to_canary += table.entries[random() % ROLL_STEER_ENTRIES];
    EXPECT_NEAR(to_canary / 1000.0, percent, 1.0);
  }
}

TEST(RotationTableTest, SharesAnInstancesWeightAmongItsSlots) {
  const auto counts = entries_by_slot(build({{1, {0, 1, 2, 3}}, {1, {4}}}));
  EXPECT_EQ(counts, (std::map<uint16_t, int>{{0, 128}, {1, 128}, {2, 128}, {3, 128}, {4, 512}}));
}

TEST(RotationTableTest, GivesTheSmallestShareSomething) {
  const auto counts = entries_by_slot(build({{1e9, {0}}, {1, {1}}, {1, {2}}}));
  EXPECT_EQ(counts, (std::map<uint16_t, int>{{0, 1022}, {1, 1}, {2, 1}}));
}

TEST(RotationTableTest, AlwaysFillsTheTable) {
  std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed): deterministic
  for (int round = 0; round < 20; ++round) {
    std::vector<RotationShare> shares;
    uint16_t slot = 0;
    for (size_t n = 1 + random() % 40; n > 0; --n) {
      RotationShare share{.weight = 0.01 + static_cast<double>(random() % 10'000), .slots = {}};
      for (size_t m = 1 + random() % 5; m > 0; --m) share.slots.push_back(slot++);
      shares.push_back(share);
    }
    const RotationTable table = build_rotation_table(shares);
    const auto counts = entries_by_slot(table);
    EXPECT_FALSE(counts.contains(ROLL_STEER_NO_SLOT));
    auto serving = table.serving;
    std::ranges::sort(serving);
    std::vector<uint16_t> all(slot);
    std::iota(all.begin(), all.end(), uint16_t{0});
    EXPECT_EQ(serving, all);
  }
}

TEST(RotationTableTest, SpreadsAShareOverTheTable) {
  const RotationTable table = build({{90, {0}}, {10, {1}}});
  int gap = 0;
  int longest_gap = 0;
  for (const uint16_t slot : table.entries) {
    gap = slot == 1 ? 0 : gap + 1;
    longest_gap = std::max(longest_gap, gap);
  }
  EXPECT_LE(longest_gap, 11);
}

TEST(RotationTableTest, PutsNeighboursOfDifferentInstancesIntoTheFallbackList) {
  const RotationTable table = build({{1, {0, 1, 2}}, {1, {10, 11}}});
  EXPECT_EQ(table.serving, (std::vector<uint16_t>{0, 10, 1, 11, 2}));
}

}  // namespace
}  // namespace rollctl
