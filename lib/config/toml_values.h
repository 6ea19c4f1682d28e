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

// The keys of an app file, with their values and lines.
struct TomlValues {
  struct Entry {
    const Key* key;
    Value value;
    int line;
  };
  std::vector<Entry> entries;
  std::map<std::string, int, std::less<>> lines;  // of table entries: "env.LOG"

  // The line of a key or of an entry below one ("env.LOG"); 0 if it is not in the file.
  [[nodiscard]] int line_of(std::string_view key) const;
};

// Invalid, naming file and line, for malformed TOML, an unknown key (with the nearest known one) and a value
// of the wrong type.
Result<TomlValues> read_toml_values(std::string_view text, const std::string& source);

}  // namespace rollctl
