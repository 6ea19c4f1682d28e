// SPDX-License-Identifier: MIT
#include "ui/diff_view.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "process/json_reader.h"

namespace rollctl {

namespace {

nlohmann::json value_or_null(const std::string& text) {
  return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(bytes_to_json(text));
}

}  // namespace

std::vector<Line> diff_lines(const std::vector<SpecDifference>& differences) {
  std::vector<Line> lines;
  for (const SpecDifference& one : differences) {
    Line line{"  " + one.key + ": "};
    line.emplace_back(one.before.empty() ? "(not set)" : one.before, Tone::Bad);
    line.emplace_back(" -> ");
    line.emplace_back(one.after.empty() ? "(not set)" : one.after, Tone::Good);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<Line> setting_lines(const std::vector<SpecDifference>& settings) {
  std::vector<Line> lines;
  for (const SpecDifference& one : settings) lines.push_back({fmt::format("  {} = {}", one.key, one.after)});
  return lines;
}

nlohmann::json diff_json(const std::vector<SpecDifference>& differences) {
  nlohmann::json all = nlohmann::json::array();
  for (const SpecDifference& one : differences)
    all.push_back({{"key", bytes_to_json(one.key)},
                   {"before", value_or_null(one.before)},
                   {"after", value_or_null(one.after)}});
  return all;
}

}  // namespace rollctl
