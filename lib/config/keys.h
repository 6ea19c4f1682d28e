// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/app_config.h"
#include "config/value.h"

namespace rollctl {

// One key of the app file. Reading and writing TOML, the kept
// specification and the hints all use the table of keys.
struct Key {
  enum class Shape {
    Text,
    Whole,
    TextOrWhole,
    TextOrNumber,
    TextNumberOrList,
    List,       // of strings
    Map,        // a table of strings
    ScalarMap,  // a table of strings, numbers and booleans, kept as text
    Command,    // a list of strings, or a table with such a list as `command` and with strings
  };

  std::string path;  // "ready.interval"
  Shape shape;
  std::string wanted;  // follows "must be" in messages: "a duration such as \"500ms\""
  // Invalid, or the error of the type's parser, for a value of the right shape that has no meaning.
  std::function<Status(AppConfig&, const Value&)> read;
  // The inverse of read().
  std::function<Value(const AppConfig&)> write;

  [[nodiscard]] std::string_view table() const;  // "ready"; empty at the top
  [[nodiscard]] std::string_view name() const;   // "interval"
};

// In the order of a written app file, top-level keys first.
std::span<const Key> known_keys();
const Key* find_key(std::string_view path);

// Whether `path` is a table of known keys ("ready"), not itself a key ("env").
bool is_table(std::string_view path);

// The known key or table that the user most likely meant.
std::string nearest_key(std::string_view unknown);

}  // namespace rollctl
