// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>

namespace roll {

std::string format_time(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto millis = std::chrono::floor<Millis>(time - whole).count();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, millis);
}

Result<WallTime> parse_time(std::string_view text) {
  std::tm utc{};
  int millis = 0;
  int used = 0;
  const std::string copy(text);
  const int fields = std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &utc.tm_year, &utc.tm_mon,
                                 &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &millis, &used);
  // Nanoseconds in 64 bits, counted from 1970, reach from 1677 to 2262.
  constexpr int kFirstYear = 1678;
  constexpr int kLastYear = 2261;
  const bool representable = utc.tm_year >= kFirstYear && utc.tm_year <= kLastYear;
  if (fields != 7 || !representable)
    return fail(ErrorKind::Invalid, fmt::format("'{}' is not a time like 2026-01-31T12:00:00.123Z", text));
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  const WallTime time = WallTime(std::chrono::seconds(timegm(&utc))) + Millis(millis);
  // scanf and timegm take more than the one way of writing, such as a 31st of February.
  if (static_cast<size_t>(used) != copy.size() || format_time(time) != text)
    return fail(ErrorKind::Invalid, fmt::format("'{}' is not a time like 2026-01-31T12:00:00.123Z", text));
  return time;
}

}  // namespace roll
