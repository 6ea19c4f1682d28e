// SPDX-License-Identifier: MIT
#include "state/log_time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

#include "base/duration.h"

namespace rollctl {

namespace {

// A time of the line's own stands near its beginning; further on it is a part of the message.
constexpr size_t kReach = 48;
constexpr size_t kReachOfAccessLog = 160;
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Reads a text from its beginning; each step fails once one has failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  int number(size_t digits) {
    int value = 0;
    for (size_t i = 0; i < digits && good_; ++i) {
      good_ = !rest_.empty() && is_digit(rest_.front());
      if (!good_) return 0;
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  char one_of(std::string_view wanted) {
    good_ = good_ && !rest_.empty() && wanted.find(rest_.front()) != std::string_view::npos;
    if (!good_) return 0;
    const char found = rest_.front();
    rest_.remove_prefix(1);
    return found;
  }
  bool may_be(std::string_view wanted) {
    const bool is = good_ && !rest_.empty() && wanted.find(rest_.front()) != std::string_view::npos;
    if (is) rest_.remove_prefix(1);
    return is;
  }
  int month() {
    const auto* name = std::ranges::find(kMonths, rest_.substr(0, 3));
    good_ = good_ && name != kMonths.end();
    if (!good_) return 0;
    rest_.remove_prefix(3);
    return static_cast<int>(name - kMonths.begin()) + 1;
  }
  std::chrono::nanoseconds fraction() {
    std::chrono::nanoseconds value{0};
    int64_t unit = 100'000'000;
    while (good_ && !rest_.empty() && is_digit(rest_.front())) {
      value += std::chrono::nanoseconds((rest_.front() - '0') * unit);
      unit /= 10;
      rest_.remove_prefix(1);
    }
    return value;
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

struct Date {
  int year = 0;
  int month = 0;
  int day = 0;
};

struct DayTime {
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::chrono::nanoseconds fraction{0};
};

std::optional<WallTime> assemble(const Date& date, const DayTime& time, std::optional<int> zone_minutes) {
  const std::chrono::year_month_day day{std::chrono::year(date.year),
                                        std::chrono::month(static_cast<unsigned>(date.month)),
                                        std::chrono::day(static_cast<unsigned>(date.day))};
  const bool is_time = time.hour < 24 && time.minute < 60 && time.second <= 60;
  if (!day.ok() || date.year < 1971 || date.year > 2200 || !is_time) return std::nullopt;
  std::chrono::sys_seconds at = std::chrono::sys_days(day) + std::chrono::hours(time.hour) +
                                std::chrono::minutes(time.minute) + std::chrono::seconds(time.second);
  if (zone_minutes) {
    at -= std::chrono::minutes(*zone_minutes);
  } else {
    std::tm local{};
    local.tm_year = date.year - 1900;
    local.tm_mon = date.month - 1;
    local.tm_mday = date.day;
    local.tm_hour = time.hour;
    local.tm_min = time.minute;
    local.tm_sec = time.second;
    local.tm_isdst = -1;
    const std::time_t seconds = ::mktime(&local);
    if (seconds == -1) return std::nullopt;
    at = std::chrono::sys_seconds(std::chrono::seconds(seconds));
  }
  return WallTime(at) + std::chrono::duration_cast<WallTime::duration>(time.fraction);
}

DayTime read_day_time(Scanner& scanner) {
  DayTime time;
  time.hour = scanner.number(2);
  scanner.one_of(":");
  time.minute = scanner.number(2);
  if (scanner.may_be(":")) time.second = scanner.number(2);
  if (scanner.may_be(".,")) time.fraction = scanner.fraction();
  return time;
}

// "Z", "+01:00", "+0100", with or without a blank before; nothing: local.
std::optional<int> read_zone(Scanner scanner) {
  scanner.may_be(" ");
  if (scanner.may_be("Z")) return 0;
  const char sign = scanner.one_of("+-");
  const int hours = scanner.number(2);
  scanner.may_be(":");
  const int minutes = scanner.number(2);
  if (!scanner.good() || hours > 14 || minutes > 59) return std::nullopt;
  return (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
}

// 2026-01-31T12:00:00, with '/' as well and with a blank as well.
std::optional<WallTime> numeric_time(std::string_view text) {
  Scanner scanner(text);
  Date date;
  date.year = scanner.number(4);
  const char joint = scanner.one_of("-/");
  date.month = scanner.number(2);
  scanner.one_of({&joint, 1});
  date.day = scanner.number(2);
  scanner.one_of("T ");
  const DayTime time = read_day_time(scanner);
  if (!scanner.good()) return std::nullopt;
  return assemble(date, time, read_zone(scanner));
}

// 31/Jan/2026:12:00:00 +0000
std::optional<WallTime> access_log_time(std::string_view text) {
  Scanner scanner(text);
  Date date;
  date.day = scanner.number(2);
  scanner.one_of("/");
  date.month = scanner.month();
  scanner.one_of("/");
  date.year = scanner.number(4);
  scanner.one_of(":");
  const DayTime time = read_day_time(scanner);
  if (!scanner.good()) return std::nullopt;
  return assemble(date, time, read_zone(scanner));
}

// Jan 31 12:00:00
std::optional<WallTime> syslog_time(std::string_view text, WallTime around) {
  Scanner scanner(text);
  Date date;
  date.month = scanner.month();
  scanner.one_of(" ");
  date.day = scanner.may_be(" ") ? scanner.number(1) : scanner.number(2);
  scanner.one_of(" ");
  const DayTime time = read_day_time(scanner);
  if (!scanner.good()) return std::nullopt;
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(around));
  date.year = static_cast<int>(today.year());
  auto found = assemble(date, time, std::nullopt);
  if (found && *found > around + std::chrono::days(1)) {
    --date.year;
    found = assemble(date, time, std::nullopt);
  }
  return found;
}

std::optional<WallTime> time_of_number(std::string_view text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr double kFirstMillis = 1e11;
  constexpr double kLastMillis = 1e13;
  if (failure != std::errc() || number < 1e8) return std::nullopt;
  if (number >= kFirstMillis) number /= 1000;
  if (number >= kLastMillis / 1000) return std::nullopt;
  return WallTime(std::chrono::duration_cast<WallTime::duration>(
      std::chrono::microseconds(static_cast<int64_t>(std::llround(number * 1e6)))));
}

std::optional<WallTime> time_in_json(std::string_view line) {
  for (const std::string_view name : {"time", "ts", "timestamp", "@timestamp"}) {
    const std::string member = "\"" + std::string(name) + "\":";
    const size_t at = line.find(member);
    if (at == std::string_view::npos) continue;
    std::string_view value = line.substr(at + member.size());
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (value.empty()) continue;
    const auto time = value.front() == '"' ? numeric_time(value.substr(1)) : time_of_number(value);
    if (time) return time;
  }
  return std::nullopt;
}

}  // namespace

std::optional<WallTime> time_in_line(std::string_view line, WallTime around) {
  if (line.starts_with('{')) return time_in_json(line);
  for (size_t at = 0; at < std::min(line.size(), kReachOfAccessLog); ++at) {
    const bool is_first = at == 0 || (!is_digit(line[at - 1]) && line[at - 1] != '/');
    if (!is_first) continue;
    const std::string_view rest = line.substr(at);
    if (is_digit(rest.front())) {
      if (at < kReach)
        if (const auto time = numeric_time(rest)) return time;
      if (at > 0 && line[at - 1] == '[')
        if (const auto time = access_log_time(rest)) return time;
    } else if (at < 8) {
      if (const auto time = syslog_time(rest, around)) return time;
    }
  }
  return std::nullopt;
}

Result<WallTime> parse_moment(const std::string& text, WallTime now) {
  if (const auto ago = parse_duration(text)) return now - *ago;
  if (const auto time = numeric_time(text)) return *time;
  Scanner scanner(text);
  Date date;
  date.year = scanner.number(4);
  scanner.one_of("-");
  date.month = scanner.number(2);
  scanner.one_of("-");
  date.day = scanner.number(2);
  if (scanner.good() && scanner.rest().empty())
    if (const auto time = assemble(date, {}, std::nullopt)) return *time;
  return fail(ErrorKind::Invalid, "'" + text + "' is neither a duration nor a time",
              "for example 10m, \"2026-01-31 12:00\" or 2026-01-31T12:00:00Z");
}

}  // namespace rollctl
