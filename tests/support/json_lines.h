// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rollctl::test {

// The lines of a text that are JSON objects. One without its end is left out: it is still being written.
std::vector<nlohmann::json> json_lines(const std::string& text);

}  // namespace rollctl::test
