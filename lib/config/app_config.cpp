// SPDX-License-Identifier: MIT
#include "config/app_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace rollctl {

namespace {

// A steering map has 1024 slots; 24 remain for the first replacements.
constexpr int kMostInstances = 1000;

// Parses the whole text as a number from 1 to `most`; 0 on failure.
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
    return fail(ErrorKind::Invalid, fmt::format("invalid batch '{}'", text),
                "use a number of instances, a share such as 25%, or all");
  return Batch{percent ? Unit::Percent : Unit::Count, number};
}

std::string Batch::text() const {
  if (unit == Unit::All) return "all";
  return fmt::format("{}{}", amount, unit == Unit::Percent ? "%" : "");
}

int Batch::of(int instances) const {
  int size = amount;
  if (unit == Unit::All) size = instances;
  // Rounded up: 25% of two is one.
  if (unit == Unit::Percent) size = (instances * amount + 99) / 100;
  return std::max(1, std::min(size, instances));
}

Result<InstanceCount> InstanceCount::parse(const std::string& text) {
  if (text == "cpus") return InstanceCount{true, 0};
  const int number = to_number(text, kMostInstances);
  if (number == 0)
    return fail(ErrorKind::Invalid, fmt::format("invalid number of instances '{}'", text),
                fmt::format("use a whole number from 1 to {}, or cpus", kMostInstances));
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
  // std::from_chars() for a double would link libm. strtod() also accepts 0x10, nan and " 1", so check first.
  const bool decimal = !digits.empty() && digits.find_first_not_of("0123456789.eE+-") == std::string::npos;
  char* end = nullptr;
  const double number = std::strtod(digits.c_str(), &end);
  if (!decimal || *end != '\0' || digits.front() == '+' || number < 0 || number >= 100)
    return fail(ErrorKind::Invalid, fmt::format("invalid share '{}'", text),
                "use a share from 0% to less than 100%");
  return number;
}

Result<std::vector<double>> parse_canary(const std::string& text) {
  std::vector<double> steps;
  if (text == "none") return steps;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(',', start), text.size());
    ROLL_TRY_ASSIGN(const double percent, parse_percent(text.substr(start, end - start)));
    if (!steps.empty() && percent <= steps.back())
      return fail(ErrorKind::Invalid, fmt::format("the steps '{}' do not rise", text),
                  "each step is more than the one before: 1%,10%,50%");
    steps.push_back(percent);
    start = end + 1;
  }
  return steps;
}

}  // namespace rollctl
