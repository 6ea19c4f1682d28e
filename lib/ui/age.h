// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/clock.h"

namespace rollctl {

// A duration in one unit: "35 ms", "12 s", "3 min", "4 h", "2
// d". A negative one (the clock was set back) is "0 s".
std::string short_duration(Millis duration);

// A past time relative to `now`: "just now", "12 s ago", "3
// min ago"; after a day the local time, "2026-01-31 12:00".
std::string relative_time(WallTime time, WallTime now);

// The time from `since` to `now`; never negative.
Millis elapsed(WallTime since, WallTime now);

}  // namespace rollctl
