// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rollctl {

// Deadlines and intervals use the monotonic clock, which does
// not jump; WallTime is only for people and records.
using TimePoint = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;
using Millis = std::chrono::milliseconds;
using Micros = std::chrono::microseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime wall_now() const override { return std::chrono::system_clock::now(); }
};

// The wall-clock time at `time`, if the wall clock does not jump; for people.
WallTime wall_time_at(TimePoint time, const Clock& clock);

// UTC with milliseconds: "2026-01-31T12:00:00.123Z".
std::string format_time(WallTime time);
Result<WallTime> parse_time(std::string_view text);

}  // namespace rollctl
