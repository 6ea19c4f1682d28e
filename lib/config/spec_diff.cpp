// SPDX-License-Identifier: MIT
#include "config/spec_diff.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "config/app_file_writer.h"
#include "config/keys.h"
#include "config/templates.h"

namespace rollctl {

namespace {

constexpr const char* kMask = "***";
constexpr const char* kOtherMask = "*** (another value)";

// By key. A list of settings in the order of the keys, with one for each variable.
using Settings = std::vector<std::pair<std::string, std::string>>;

// With the names of the release; as it is where that is not possible for all instances.
std::string expanded(const Placeholders& placeholders, const std::string& text) {
  auto done = placeholders.expand(text);
  return done ? *done : text;
}

Value expanded(const Placeholders& placeholders, Value value) {
  if (auto* text = std::get_if<std::string>(&value)) *text = expanded(placeholders, *text);
  if (auto* list = std::get_if<TextList>(&value))
    for (std::string& text : *list) text = expanded(placeholders, text);
  return value;
}

Settings settings(const GenerationSpec& spec) {
  const AppConfig defaults;
  const Placeholders placeholders = hook_placeholders({spec.app, spec.release, spec.generation}, spec.config);
  Settings all;
  if (!spec.release.empty()) all.emplace_back("release", spec.release);
  for (const Key& key : known_keys()) {
    const Value value = key.write(spec.config);
    if (value == key.write(defaults)) continue;
    const auto* map = std::get_if<TextMap>(&value);
    if (map == nullptr) all.emplace_back(key.path, toml_value(expanded(placeholders, value)));
    if (map == nullptr) continue;
    for (const auto& [name, text] : *map)
      all.emplace_back(key.path + "." + name, toml_value(expanded(placeholders, text)));
  }
  if (spec.env_file)
    for (const auto& [name, text] : *spec.env_file) all.emplace_back("env_file." + name, toml_value(text));
  for (const auto& [path, identity] : spec.files) all.emplace_back("file " + path, identity);
  return all;
}

// Everything in an env_file may be a secret: that is why it is not in the app file.
bool is_masked(const std::string& key) {
  constexpr std::string_view kEnv = "env.";
  if (key.starts_with("env_file.")) return true;
  return key.starts_with(kEnv) && is_secret(key.substr(kEnv.size()));
}

SpecDifference difference(const std::string& key, std::string before, std::string after) {
  if (key.starts_with("file ")) {
    // The identity is a row of numbers.
    if (!before.empty()) before = "as deployed";
    if (!after.empty()) after = before.empty() ? "as it is now" : "another file";
  } else if (is_masked(key)) {
    if (!after.empty()) after = before.empty() ? kMask : kOtherMask;
    if (!before.empty()) before = kMask;
  }
  return {key, std::move(before), std::move(after)};
}

}  // namespace

bool is_secret(const std::string& variable) {
  std::string name = variable;
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  constexpr std::array<std::string_view, 11> kWords{"SECRET",       "TOKEN",  "PASS",    "KEY",
                                                    "CREDENTIAL",   "AUTH",   "PRIVATE", "DSN",
                                                    "DATABASE_URL", "COOKIE", "SALT"};
  return std::ranges::any_of(kWords,
                             [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

std::vector<SpecDifference> differences_of(const GenerationSpec& before, const GenerationSpec& after) {
  const Settings old_settings = settings(before);
  const Settings new_settings = settings(after);
  std::map<std::string, std::string> old_values(old_settings.begin(), old_settings.end());
  std::map<std::string, std::string> new_values(new_settings.begin(), new_settings.end());
  // One that did not keep its variables says nothing about them.
  const bool knows_variables = before.env_file.has_value() || before.release.empty();
  std::vector<SpecDifference> all;
  std::set<std::string> told;
  for (const Settings* settings_given : {&new_settings, &old_settings})
    for (const auto& [key, unused] : *settings_given) {
      if (!told.insert(key).second || old_values[key] == new_values[key]) continue;
      if (key.starts_with("env_file.") && !knows_variables) continue;
      all.push_back(difference(key, old_values[key], new_values[key]));
    }
  return all;
}

std::vector<SpecDifference> settings_of(const GenerationSpec& spec) {
  return differences_of({}, spec);
}

}  // namespace rollctl
