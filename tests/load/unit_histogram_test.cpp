// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "load/histogram.h"

namespace rollctl::load {
namespace {

using namespace std::chrono_literals;

TEST(HistogramTest, IsAllZeroWhenNothingWasRecorded) {
  Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.percentile(50), 0ns);
  EXPECT_EQ(histogram.max(), 0ns);
}

TEST(HistogramTest, TellsSmallNumbersExactly) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.record(std::chrono::nanoseconds(i));
  EXPECT_EQ(histogram.percentile(50), 50ns);
  EXPECT_EQ(histogram.percentile(99), 99ns);
  EXPECT_EQ(histogram.percentile(100), 100ns);
}

TEST(HistogramTest, IsNeverTooLowAndLessThanOnePercentTooHigh) {
  std::mt19937_64 random(1);
  std::vector<int64_t> values;
  Histogram histogram;
  for (int i = 0; i < 10000; ++i) {
    auto value = static_cast<int64_t>(random() >> (24 + random() % 39));
    values.push_back(value);
    histogram.record(std::chrono::nanoseconds(value));
  }
  std::ranges::sort(values);
  for (double percent : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9}) {
    auto exact = values[static_cast<size_t>(std::ceil(percent * 100)) - 1];
    auto told = histogram.percentile(percent).count();
    EXPECT_GE(told, exact) << percent;
    EXPECT_LE(static_cast<double>(told), static_cast<double>(exact) * 1.01 + 1) << percent;
  }
}

TEST(HistogramTest, NeverTellsMoreThanTheMaximum) {
  Histogram histogram;
  histogram.record(1000001ns);
  EXPECT_EQ(histogram.percentile(50), 1000001ns);
}

TEST(HistogramTest, KeepsTheExactMaximumOfWhatIsTooLongForItsBuckets) {
  Histogram histogram;
  histogram.record(5h);
  EXPECT_EQ(histogram.max(), 5h);
  EXPECT_EQ(histogram.count(), 1U);
}

TEST(HistogramTest, AddsAnotherOne) {
  Histogram one;
  Histogram other;
  one.record(1ns);
  other.record(3ms);
  one.add(other);
  EXPECT_EQ(one.count(), 2U);
  EXPECT_EQ(one.max(), 3ms);
  EXPECT_EQ(one.percentile(50), 1ns);
}

}  // namespace
}  // namespace rollctl::load
