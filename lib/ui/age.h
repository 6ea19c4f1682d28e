// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/clock.h"

namespace rollctl {

// How long, in one unit: "35 ms", "12 s", "3 min", "4 h", "2 d". Less than nothing (a clock that was set
// back) is "0 s".
std::string short_duration(Millis duration);

// When, as seen at `now`: "just now", "12 s ago", "3 min ago"; from a day on the local time, "2026-01-31
// 12:00".
std::string relative_time(WallTime time, WallTime now);

// Between two moments, for short_duration().
Millis elapsed(WallTime since, WallTime now);

}  // namespace rollctl
