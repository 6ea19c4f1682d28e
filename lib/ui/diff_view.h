// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "config/spec_diff.h"
#include "ui/line.h"

namespace rollctl {

// One line for each: "  env.COLOR: "red" -> "blue"".
std::vector<Line> diff_lines(const std::vector<SpecDifference>& differences);

// One line for each value alone: "  listen = ["0.0.0.0:80"]".
std::vector<Line> setting_lines(const std::vector<SpecDifference>& settings);

// [{"key":…,"before":…,"after":…}]; null where a value is not set.
nlohmann::json diff_json(const std::vector<SpecDifference>& differences);

}  // namespace rollctl
