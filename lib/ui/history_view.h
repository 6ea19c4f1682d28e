// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "state/history.h"
#include "ui/line.h"

namespace rollctl {

// A table of the last `limit` changes of an app, newest first, cut to the terminal's width. Empty if none.
std::vector<Line> history_lines(const History& history, size_t limit, WallTime now, const Terminal& terminal);

// The object of `history --json`, with the same changes.
nlohmann::json history_json(const History& history, const std::string& app, size_t limit);

}  // namespace rollctl
