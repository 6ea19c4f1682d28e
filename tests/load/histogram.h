// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace rollctl::load {

// Latencies in log-linear buckets: 128 to each power of two, so that a percentile is less than 1 % too high
// and never too low. A fixed 40 KiB; recording costs no allocation. Up to 36 minutes; longer counts as that,
// but max() is exact.
class Histogram {
 public:
  using Nanos = std::chrono::nanoseconds;

  Histogram();

  void record(Nanos latency);
  void add(const Histogram& other);

  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] Nanos max() const { return max_; }

  // The smallest latency that at least `percent` of 100 of the recorded ones do not exceed; 0 when there is
  // none.
  [[nodiscard]] Nanos percentile(double percent) const;

 private:
  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  Nanos max_{0};
};

}  // namespace rollctl::load
