// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/keys.h"
#include "config/value.h"

namespace rollctl {

// The known keys that stand in an app file, with their values and lines.
struct TomlValues {
  struct Entry {
    const Key* key;
    Value value;
    int line;
  };
  std::vector<Entry> entries;
  std::map<std::string, int, std::less<>> lines;  // of what stands in a table: "env.LOG"

  // Of a key, or of what stands below one ("env.LOG"); 0 where it is not in the file.
  [[nodiscard]] int line_of(std::string_view key) const;
};

// Invalid, naming file and line, for what is no TOML, for an unknown key (with the nearest known one) and for
// a value of another type than the key's.
Result<TomlValues> read_toml_values(std::string_view text, const std::string& source);

// A string as TOML writes it, with its quotes.
std::string toml_string(std::string_view text);

}  // namespace rollctl
