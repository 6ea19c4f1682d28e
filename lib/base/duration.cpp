// SPDX-License-Identifier: MIT
#include "base/duration.h"

#include <fmt/format.h>

#include <charconv>

namespace rollctl {

namespace {

constexpr int64_t kSecond = 1000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kLongest = 3650 * kDay;
constexpr int64_t kRoundsUp = 50;  // from here on "{:.1f} s" would print 60.0 s

int64_t unit_in_millis(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return kSecond;
  if (unit == "m") return kMinute;
  if (unit == "h") return kHour;
  if (unit == "d") return kDay;
  return 0;
}

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto unit = unit_in_millis(text.substr(static_cast<size_t>(end - text.data())));
  if (failure != std::errc() || number < 0 || unit == 0)
    return fail(ErrorKind::Invalid, fmt::format("invalid duration '{}'", text),
                "write a whole number and a unit: 500ms, 10s, 5m, 1h or 14d");
  if (number > kLongest / unit)
    return fail(ErrorKind::Invalid, fmt::format("duration '{}' is longer than ten years", text));
  return Millis(number * unit);
}

std::string format_duration(Millis duration) {
  const int64_t millis = duration.count();
  if (millis == 0) return "0s";
  if (millis % kHour == 0) return fmt::format("{}h", millis / kHour);
  if (millis % kMinute == 0) return fmt::format("{}m", millis / kMinute);
  if (millis % kSecond == 0) return fmt::format("{}s", millis / kSecond);
  return fmt::format("{}ms", millis);
}

std::string human_duration(Millis duration) {
  const int64_t millis = duration.count();
  if (millis < kSecond) return fmt::format("{} ms", millis);
  if (millis < kMinute - kRoundsUp) return fmt::format("{:.1f} s", static_cast<double>(millis) / kSecond);
  if (millis < kMinute) return "1 min 0 s";
  if (millis < kHour) return fmt::format("{} min {} s", millis / kMinute, millis % kMinute / kSecond);
  if (millis < kDay) return fmt::format("{} h {} min", millis / kHour, millis % kHour / kMinute);
  return fmt::format("{} d {} h", millis / kDay, millis % kDay / kHour);
}

}  // namespace rollctl
