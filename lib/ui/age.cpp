// SPDX-License-Identifier: MIT
#include "ui/age.h"

#include <fmt/format.h>

#include <ctime>

namespace rollctl {

std::string short_duration(Millis duration) {
  using std::chrono::days, std::chrono::hours, std::chrono::minutes, std::chrono::seconds;
  if (duration <= Millis(0)) return "0 s";
  if (duration < seconds(1)) return fmt::format("{} ms", duration.count());
  if (duration < minutes(1)) return fmt::format("{} s", duration / seconds(1));
  if (duration < hours(1)) return fmt::format("{} min", duration / minutes(1));
  if (duration < days(1)) return fmt::format("{} h", duration / hours(1));
  return fmt::format("{} d", duration / days(1));
}

std::string relative_time(WallTime time, WallTime now) {
  const Millis ago = elapsed(time, now);
  if (ago < std::chrono::seconds(1)) return "just now";
  if (ago < std::chrono::days(1)) return short_duration(ago) + " ago";
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  localtime_r(&seconds, &local);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
                     local.tm_hour, local.tm_min);
}

Millis elapsed(WallTime since, WallTime now) {
  return std::max(Millis(0), std::chrono::duration_cast<Millis>(now - since));
}

}  // namespace rollctl
