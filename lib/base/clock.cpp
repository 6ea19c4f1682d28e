// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>

namespace roll {

std::string format_time(WallTime time) {
  const auto millis = std::chrono::duration_cast<Millis>(time.time_since_epoch()).count();
  const std::time_t seconds = millis / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, millis % 1000);
}

Result<WallTime> parse_time(std::string_view text) {
  std::tm utc{};
  int millis = 0;
  int used = 0;
  const std::string copy(text);
  const int fields = std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &utc.tm_year, &utc.tm_mon,
                                 &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &millis, &used);
  if (fields != 7 || static_cast<size_t>(used) != copy.size())
    return fail(ErrorKind::Invalid, fmt::format("'{}' is not a time like 2026-01-31T12:00:00.123Z", text));
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  return WallTime(std::chrono::seconds(timegm(&utc))) + Millis(millis);
}

}  // namespace roll
