// SPDX-License-Identifier: MIT
#include "config/app_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "config/codecs.h"

namespace rollctl {

namespace {

// As many as a rotation has entries.
// What is steered has 1024 slots: of these, so many are left for those that replace them.
constexpr int kMostInstances = 1000;

// The whole text as a number from 1 to `most`; 0 for anything else.
int to_number(std::string_view text, int most) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = failure == std::errc() && end == text.data() + text.size();
  return whole && number >= 1 && number <= most ? number : 0;
}

}  // namespace

Result<Batch> Batch::parse(const std::string& text) {
  if (text == "all") return Batch{Unit::All, 0};
  const bool percent = text.ends_with('%');
  const auto digits = std::string_view(text).substr(0, text.size() - (percent ? 1 : 0));
  const int number = to_number(digits, percent ? 100 : kMostInstances);
  if (number == 0)
    return fail(ErrorKind::Invalid, fmt::format("'{}' is not the size of a batch", text),
                "a number of instances, a share such as 25%, or all");
  return Batch{percent ? Unit::Percent : Unit::Count, number};
}

std::string Batch::text() const {
  if (unit == Unit::All) return "all";
  return fmt::format("{}{}", amount, unit == Unit::Percent ? "%" : "");
}

int Batch::of(int instances) const {
  int size = amount;
  if (unit == Unit::All) size = instances;
  // Rounded up: 25 % of two are one, not none.
  if (unit == Unit::Percent) size = (instances * amount + 99) / 100;
  return std::max(1, std::min(size, instances));
}

Result<InstanceCount> InstanceCount::parse(const std::string& text) {
  if (text == "cpus") return InstanceCount{true, 0};
  const int number = to_number(text, kMostInstances);
  if (number == 0)
    return fail(ErrorKind::Invalid, fmt::format("'{}' is not a number of instances", text),
                fmt::format("a whole number from 1 to {}, or cpus", kMostInstances));
  return InstanceCount{false, number};
}

std::string InstanceCount::text() const {
  return per_cpu ? "cpus" : std::to_string(number);
}

int InstanceCount::resolve() const {
  if (!per_cpu) return number;
  return std::clamp(static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)), 1, kMostInstances);
}

Result<double> parse_percent(const std::string& text) {
  const std::string digits = text.substr(0, text.size() - (text.ends_with('%') ? 1 : 0));
  // No std::from_chars(): for a double it needs libm, which rollctl does without. strtod() also reads 0x10,
  // nan and " 1".
  const bool decimal = !digits.empty() && digits.find_first_not_of("0123456789.eE+-") == std::string::npos;
  char* end = nullptr;
  const double number = std::strtod(digits.c_str(), &end);
  if (!decimal || *end != '\0' || digits.front() == '+' || number < 0 || number >= 100)
    return fail(ErrorKind::Invalid, fmt::format("'{}' is not a share", text),
                "0% or more, and less than 100%");
  return number;
}

Status PercentCodec::read(const Value& value, double& target) const {
  std::string text;
  if (const auto* whole = std::get_if<int64_t>(&value))
    text = std::to_string(*whole);
  else if (const auto* number = std::get_if<double>(&value))
    text = fmt::format("{}", *number);
  else
    text = std::get<std::string>(value);
  const auto percent = parse_percent(text);
  if (!percent) return fail(percent.error());
  target = *percent;
  return {};
}

}  // namespace rollctl
