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

// A program with settings of its run.
struct CommandTable {
  TextList command;
  TextMap settings;
  bool operator==(const CommandTable&) const = default;
};

// The value of a key, independent of TOML and JSON; monostate if the key is absent.
using Value =
    std::variant<std::monostate, std::string, int64_t, double, bool, TextList, TextMap, CommandTable>;

}  // namespace rollctl
