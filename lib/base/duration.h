// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace rollctl {

// Parses a whole number and a unit: "500ms", "10s", "5m",
// "1h", "14d". At most 10 years; else Invalid, naming the text.
Result<Millis> parse_duration(std::string_view text);

// The shortest text that parse_duration() reads back as the same: 90000 ms is "90s", 1500 ms is "1500ms".
std::string format_duration(Millis duration);

// For people, rounded: "35 ms", "1.2 s", "3 min 20 s", "4 h 10 min", "2 d 3 h".
std::string human_duration(Millis duration);

}  // namespace rollctl
