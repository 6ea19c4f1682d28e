// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/generation_spec.h"
#include "state/history.h"
#include "ui/line.h"

namespace rollctl {

// The specifications of generations, as far as they are known.
using GenerationSpecs = std::map<int64_t, GenerationSpec>;

// A table of the last `limit` changes of an app, newest first, cut to the terminal's width. Empty if none.
// Shows the command and workdir of those in `specs`.
std::vector<Line> history_lines(const History& history, size_t limit, const GenerationSpecs& specs,
                                WallTime now, const Terminal& terminal);

// The object of `history --json`, with the same changes.
// One generation whole: its changes, the oldest first, and everything that it sets. Values of secrets are
// masked.
std::vector<Line> generation_lines(const History& history, int64_t generation, const GenerationSpecs& specs,
                                   WallTime now, const Terminal& terminal);
nlohmann::json generation_json(const History& history, const std::string& app, int64_t generation,
                               const GenerationSpecs& specs);

nlohmann::json history_json(const History& history, const std::string& app, size_t limit,
                            const GenerationSpecs& specs);

}  // namespace rollctl
