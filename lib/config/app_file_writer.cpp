// SPDX-License-Identifier: MIT
#include "config/app_file_writer.h"

#include <fmt/format.h>

#include "config/keys.h"

namespace rollctl {

namespace {

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      quoted.append("\\").push_back(c);
    else if (byte < ' ' || byte == 0x7f)
      quoted += fmt::format("\\u{:04X}", byte);
    else
      quoted += c;
  }
  return quoted + "\"";
}

std::string toml_list(const TextList& list) {
  std::string text;
  for (const auto& element : list) text += (text.empty() ? "" : ", ") + toml_string(element);
  return "[" + text + "]";
}

std::string toml_map(const TextMap& map) {
  std::string text;
  for (const auto& [name, element] : map)
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", toml_string(name), toml_string(element));
  return "{ " + text + " }";
}

std::string toml_command(const CommandTable& table) {
  std::string text = "command = " + toml_list(table.command);
  for (const auto& [name, element] : table.settings)
    text += fmt::format(", {} = {}", name, toml_string(element));
  return "{ " + text + " }";
}

}  // namespace

std::string toml_value(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return toml_string(*text);
  if (const auto* list = std::get_if<TextList>(&value)) return toml_list(*list);
  if (const auto* map = std::get_if<TextMap>(&value)) return toml_map(*map);
  if (const auto* command = std::get_if<CommandTable>(&value)) return toml_command(*command);
  if (const auto* whole = std::get_if<int64_t>(&value)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:#}", *number);
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  return {};
}

std::string write_app_file(const AppConfig& config) {
  const AppConfig defaults;
  std::string text;
  std::string_view table;
  for (const Key& key : known_keys()) {
    const Value value = key.write(config);
    if (value == key.write(defaults)) continue;
    if (key.table() != table) {
      table = key.table();
      text += fmt::format("\n[{}]\n", table);
    }
    text += fmt::format("{} = {}\n", key.name(), toml_value(value));
  }
  return text;
}

}  // namespace rollctl
