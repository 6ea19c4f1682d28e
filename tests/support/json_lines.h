// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rollctl::test {

// The JSON objects in the lines of a text. Omits a last line without '\n': it is still being written.
std::vector<nlohmann::json> json_lines(const std::string& text);

}  // namespace rollctl::test
