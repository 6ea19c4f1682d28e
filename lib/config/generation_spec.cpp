// SPDX-License-Identifier: MIT
#include "config/generation_spec.h"

#include <nlohmann/json.hpp>

#include "config/app_file.h"
#include "config/keys.h"
#include "process/json_reader.h"

namespace rollctl {

using nlohmann::json;

namespace {

constexpr const char* kCommand = "command";

json to_json(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return bytes_to_json(*text);
  if (const auto* list = std::get_if<TextList>(&value)) return bytes_to_json(*list);
  if (const auto* whole = std::get_if<int64_t>(&value)) return *whole;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean;
  json object = json::object();
  if (const auto* map = std::get_if<TextMap>(&value))
    for (const auto& [name, text] : *map) object[name] = bytes_to_json(text);
  if (const auto* table = std::get_if<CommandTable>(&value)) {
    for (const auto& [name, text] : table->settings) object[name] = bytes_to_json(text);
    object[kCommand] = bytes_to_json(table->command);
  }
  return object;
}

CommandTable read_command_table(JsonReader& reader, const char* name, const json& member) {
  CommandTable table;
  JsonReader entries(member, std::string("kept specification: ") + name);
  for (const auto& [entry, unused] : member.items()) {
    if (entry == kCommand)
      entries.get(kCommand, table.command);
    else
      entries.get(entry.c_str(), table.settings[entry]);
  }
  if (!entries.status()) reader.complain(name, "an object of strings with a list as its command");
  return table;
}

// Reads the member as a value of the key's shape; the reader records a mismatch.
Value read_value(JsonReader& reader, const char* name, const json& member, Key::Shape shape) {
  if (shape == Key::Shape::Command && member.is_object()) return read_command_table(reader, name, member);
  const bool may_be_number = shape == Key::Shape::TextOrNumber || shape == Key::Shape::TextNumberOrList;
  const bool is_list = shape == Key::Shape::TextNumberOrList && member.is_array();
  if (shape == Key::Shape::List || shape == Key::Shape::Command || is_list) {
    TextList list;
    reader.get(name, list);
    return list;
  }
  if (shape == Key::Shape::Map || shape == Key::Shape::ScalarMap) {
    TextMap map;
    if (!member.is_object())
      reader.complain(name, "an object");
    else {
      JsonReader entries(member, std::string("kept specification: ") + name);
      for (const auto& [entry, unused] : member.items()) entries.get(entry.c_str(), map[entry]);
      if (!entries.status()) reader.complain(name, "an object of strings");
    }
    return map;
  }
  const bool whole = shape == Key::Shape::Whole || (shape != Key::Shape::Text && member.is_number_integer());
  if (whole) {
    int64_t number = 0;
    reader.get(name, number);
    return number;
  }
  if (member.is_number() && may_be_number) {
    double number = 0;
    reader.get(name, number);
    return number;
  }
  std::string text;
  reader.get(name, text);
  return text;
}

Status read_config(const json& value, AppConfig& config) {
  JsonReader top(value, "kept specification: config");
  top.get("source", config.source);
  top.get("caller_path", config.caller_path);
  top.get("caller_lang", config.caller_lang);
  const json none = json::object();
  for (const Key& key : known_keys()) {
    const json* table = key.table().empty() ? &value : top.find(std::string(key.table()).c_str());
    const std::string name(key.name());
    JsonReader reader(table == nullptr ? none : *table, "kept specification: " + key.path);
    const json* member = reader.find(name.c_str());
    if (member != nullptr) {
      const Value found = read_value(reader, name.c_str(), *member, key.shape);
      if (auto status = reader.status(); !status) return status;
      if (auto status = key.read(config, found); !status)
        return fail(with_context(status.error(), "kept specification: " + key.path));
    }
    if (auto status = reader.status(); !status) return status;
  }
  return top.status();
}

}  // namespace

json to_json(const GenerationSpec& spec) {
  json config = json::object();
  config["source"] = bytes_to_json(spec.config.source);
  config["caller_path"] = bytes_to_json(spec.config.caller_path);
  config["caller_lang"] = bytes_to_json(spec.config.caller_lang);
  for (const Key& key : known_keys()) {
    const Value value = key.write(spec.config);
    if (std::holds_alternative<std::monostate>(value)) continue;
    json& table = key.table().empty() ? config : config[std::string(key.table())];
    table[std::string(key.name())] = to_json(value);
  }
  json files = json::object();
  for (const auto& [path, identity] : spec.files) files[path] = identity;
  json object{{"v", 1},
              {"app", spec.app},
              {"release", spec.release},
              {"generation", spec.generation},
              {"config", std::move(config)},
              {"files", std::move(files)}};
  if (spec.env_file) {
    json variables = json::object();
    for (const auto& [name, value] : *spec.env_file) variables[name] = bytes_to_json(value);
    object["env_file"] = std::move(variables);
  }
  return object;
}

Result<GenerationSpec> generation_spec_from_json(const json& value) {
  JsonReader reader(value, "kept specification");
  GenerationSpec spec;
  reader.get("app", spec.app);
  reader.get("release", spec.release);
  reader.get("generation", spec.generation);
  const json* config = reader.find("config");
  if (config == nullptr || !config->is_object())
    reader.complain("config", "an object");
  else if (auto status = read_config(*config, spec.config); !status)
    return fail(status.error());
  // Those of earlier versions have none.
  if (const json* files = reader.find("files"); files != nullptr && files->is_object()) {
    JsonReader entries(*files, "kept specification: files");
    for (const auto& [path, unused] : files->items()) entries.get(path.c_str(), spec.files[path]);
    if (auto status = entries.status(); !status) return fail(status.error());
  }
  if (const json* variables = reader.find("env_file"); variables != nullptr && variables->is_object()) {
    JsonReader entries(*variables, "kept specification: env_file");
    Environment kept;
    for (const auto& [name, unused] : variables->items()) entries.get(name.c_str(), kept[name]);
    if (auto status = entries.status(); !status) return fail(status.error());
    spec.env_file = std::move(kept);
  }
  if (auto status = reader.status(); !status) return fail(status.error());
  if (auto status = check_app_name(spec.app); !status)
    return fail(with_context(status.error(), "kept specification"));
  if (auto status = check_release_name(spec.release); !status)
    return fail(with_context(status.error(), "kept specification"));
  return spec;
}

bool same_specification(const GenerationSpec& one, const GenerationSpec& other) {
  if (one.app != other.app || one.release != other.release) return false;
  for (const Key& key : known_keys())
    if (key.write(one.config) != key.write(other.config)) return false;
  return !one.env_file || !other.env_file || *one.env_file == *other.env_file;
}

}  // namespace rollctl
