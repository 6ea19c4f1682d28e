// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "app/planned_change.h"
#include "ui/line.h"

namespace rollctl {

// What `--dry-run` prints: one line for the change and one for each step.
std::vector<Line> plan_lines(const PlannedChange& planned);

// The object of `--dry-run --json`.
nlohmann::json plan_json(const PlannedChange& planned);

}  // namespace rollctl
