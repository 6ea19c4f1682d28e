// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace rollctl {

// The time that a log line tells of itself, in one of the usual forms near its beginning or, in a line of
// JSON, as the member time, ts, timestamp or @timestamp:
//
//   2026-01-31T12:00:00.123Z   2026-01-31 12:00:00,123 +0100   2026/01/31 12:00:00   31/Jan/2026:12:00:00
//   +0000 Jan 31 12:00:00   seconds or milliseconds since 1970 (JSON only)
//
// A time without a zone is local, one without a year is of the year before `around` or of the same.
std::optional<WallTime> time_in_line(std::string_view line, WallTime around);

// A point in time as an option names it: a duration ago ("10m"), or a date, with or without a time of the
// day, local unless it names a zone ("2026-01-31", "2026-01-31 12:00", "2026-01-31T12:00:00Z").
Result<WallTime> parse_moment(const std::string& text, WallTime now);

}  // namespace rollctl
