// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace rollctl {

using TextList = std::vector<std::string>;
using TextMap = std::map<std::string, std::string>;

// What a key of the app file holds, free of TOML and JSON; nothing: the key is absent.
using Value = std::variant<std::monostate, std::string, int64_t, double, bool, TextList, TextMap>;

}  // namespace rollctl
