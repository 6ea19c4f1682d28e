// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <fmt/format.h>

#include <chrono>

namespace rollctl {

namespace {

// The number in these digits, or -1.
int number_at(std::string_view text, size_t at, size_t digits) {
  int number = 0;
  for (const char digit : text.substr(at, digits)) {
    if (digit < '0' || digit > '9') return -1;
    number = number * 10 + (digit - '0');
  }
  return number;
}

}  // namespace

WallTime wall_time_at(TimePoint time, const Clock& clock) {
  return clock.wall_now() + std::chrono::duration_cast<WallTime::duration>(time - clock.now());
}

// Without gmtime(): it loads the time zone first, which is slow for a whole journal.
std::string format_time(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<Millis>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Result<WallTime> parse_time(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
  const auto wrong = [&] {
    return fail(ErrorKind::Invalid, fmt::format("'{}' is not a time like 2026-01-31T12:00:00.123Z", text));
  };
  if (text.size() != kForm.size()) return wrong();
  for (size_t at = 0; at < kForm.size(); ++at)
    if (kForm[at] != '0' && text[at] != kForm[at]) return wrong();
  const int year = number_at(text, 0, 4);
  const int month = number_at(text, 5, 2);
  const int day = number_at(text, 8, 2);
  const int hour = number_at(text, 11, 2);
  const int minute = number_at(text, 14, 2);
  const int second = number_at(text, 17, 2);
  const int millis = number_at(text, 20, 3);
  // 64-bit nanoseconds since 1970 reach from 1677 to 2262.
  constexpr int kFirstYear = 1678;
  constexpr int kLastYear = 2261;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  const bool is_time = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
  if (year < kFirstYear || year > kLastYear || !date.ok() || !is_time || millis < 0) return wrong();
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + Millis(millis);
}

}  // namespace rollctl
