// SPDX-License-Identifier: MIT
#include "load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rollctl::load {
namespace {

constexpr unsigned kSubBits = 7;
constexpr unsigned kLargestBits = 41;
constexpr size_t kBuckets = (kLargestBits - kSubBits + 1) << kSubBits;

// Values below 2^7 have a bucket each; above, the seven bits after the leading one choose within its power.
size_t bucket_of(uint64_t value) {
  auto bits = static_cast<unsigned>(std::bit_width(value));
  if (bits <= kSubBits) return value;
  unsigned shift = bits - kSubBits - 1;
  size_t bucket = ((shift + 1) << kSubBits) + ((value >> shift) & ((1U << kSubBits) - 1));
  return std::min(bucket, kBuckets - 1);
}

uint64_t highest_in(size_t bucket) {
  if (bucket < (1U << kSubBits)) return bucket;
  auto shift = static_cast<unsigned>((bucket >> kSubBits) - 1);
  uint64_t leading = (bucket & ((1U << kSubBits) - 1)) | (1U << kSubBits);
  return ((leading + 1) << shift) - 1;
}

}  // namespace

Histogram::Histogram() : buckets_(kBuckets) {}

void Histogram::record(Nanos latency) {
  auto value = static_cast<uint64_t>(std::max<int64_t>(latency.count(), 0));
  ++buckets_[bucket_of(value)];
  ++count_;
  max_ = std::max(max_, latency);
}

void Histogram::add(const Histogram& other) {
  for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

Histogram::Nanos Histogram::percentile(double percent) const {
  if (count_ == 0) return Nanos{0};
  auto wanted = static_cast<uint64_t>(std::ceil(percent / 100.0 * static_cast<double>(count_)));
  wanted = std::clamp<uint64_t>(wanted, 1, count_);
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(Nanos(highest_in(i)), max_);
  }
  return max_;
}

}  // namespace rollctl::load
