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

// One key of the app file. The table of them is the only place that knows which keys there are: reading and
// writing TOML, the kept specification and the hints all go through it.
struct Key {
  enum class Shape {
    Text,
    Whole,
    TextOrWhole,
    TextOrNumber,
    List,       // of strings
    Map,        // a table of strings
    ScalarMap,  // a table of strings, numbers and booleans, kept as texts
  };

  std::string path;  // "ready.interval"
  Shape shape;
  std::string wanted;  // for people, after "must be": "a duration such as \"500ms\""
  // Invalid (or what the type's own parser says) where the value has the shape but means nothing.
  std::function<Status(AppConfig&, const Value&)> read;
  // So that read() makes the same of it.
  std::function<Value(const AppConfig&)> write;

  [[nodiscard]] std::string_view table() const;  // "ready"; empty at the top
  [[nodiscard]] std::string_view name() const;   // "interval"
};

// In the order in which an app file is written: the top first.
std::span<const Key> known_keys();
const Key* find_key(std::string_view path);

// Is it a table of known keys ("ready"), other than a key of its own ("env")?
bool is_table(std::string_view path);

// The known key or table that was most likely meant.
std::string nearest_key(std::string_view unknown);

}  // namespace rollctl
