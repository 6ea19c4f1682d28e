// SPDX-License-Identifier: MIT
#include "config/toml_values.h"

#include <fmt/format.h>

#include <optional>

// toml++ asserts conditions that a malformed file can break ("[" at the end of a line) before it reports the
// error, so its assertions are off. NDEBUG is undefined because with it the macro may become an assumption.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace rollctl {

namespace {

int line_of_node(const toml::source_region& region) {
  return static_cast<int>(region.begin.line);
}

const char* type_text(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a fraction";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

std::optional<Value> list_value(const toml::node& node) {
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  TextList list;
  for (const auto& element : *array) {
    if (!element.is_string()) return std::nullopt;
    list.push_back(element.as_string()->get());
  }
  return list;
}

// A table without `command` has an empty one.
std::optional<Value> command_value(const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return list_value(node);
  CommandTable result;
  for (const auto& [name, element] : *table) {
    if (name.str() == "command") {
      auto command = list_value(element);
      if (!command) return std::nullopt;
      result.command = std::get<TextList>(std::move(*command));
    } else {
      if (!element.is_string()) return std::nullopt;
      result.settings.emplace(name.str(), element.as_string()->get());
    }
  }
  return result;
}

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  return std::nullopt;
}

std::optional<Value> value_of(const toml::node& node, Key::Shape shape) {
  const auto* text = node.as_string();
  const auto* whole = node.as_integer();
  switch (shape) {
    case Key::Shape::Text:
    case Key::Shape::Whole:
    case Key::Shape::TextOrWhole:
    case Key::Shape::TextOrNumber:
    case Key::Shape::TextNumberOrList:
      if (node.is_array() && shape == Key::Shape::TextNumberOrList) return list_value(node);
      if (text != nullptr && shape != Key::Shape::Whole) return text->get();
      if (whole != nullptr && shape != Key::Shape::Text) return whole->get();
      if (node.is_floating_point() &&
          (shape == Key::Shape::TextOrNumber || shape == Key::Shape::TextNumberOrList))
        return node.as_floating_point()->get();
      return std::nullopt;
    case Key::Shape::List:
      return list_value(node);
    case Key::Shape::Command:
      return command_value(node);
    case Key::Shape::Map:
    case Key::Shape::ScalarMap:
      break;
  }
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(const std::string& source) : source_(source) {}

  Result<TomlValues> read(const toml::table& root) {
    read_table(root, "");
    if (error_) return fail(std::move(*error_));
    return std::move(values_);
  }

 private:
  void read_table(const toml::table& table, const std::string& prefix) {
    for (const auto& [name, node] : table) {
      if (error_) return;
      const std::string path = prefix + std::string(name.str());
      const int line = line_of_node(name.source());
      // A quoted name may contain dots.
      const bool plain = name.str().find('.') == std::string_view::npos;
      if (const Key* key = plain ? find_key(path) : nullptr)
        read_key(*key, node, line);
      else if (plain && prefix.empty() && is_table(path))
        read_known_table(path, node, line);
      else
        complain(line, fmt::format("unknown key \"{}\"; did you mean \"{}\"?", path, nearest_key(path)));
    }
  }

  void read_known_table(const std::string& path, const toml::node& node, int line) {
    if (const auto* table = node.as_table())
      read_table(*table, path + ".");
    else
      complain(line, fmt::format("{} must be a table, not {}", path, type_text(node)));
  }

  void read_key(const Key& key, const toml::node& node, int line) {
    if (key.shape == Key::Shape::Map || key.shape == Key::Shape::ScalarMap) return read_map(key, node, line);
    auto value = value_of(node, key.shape);
    if (value)
      values_.entries.push_back({&key, std::move(*value), line});
    else
      complain(line, fmt::format("{} must be {}, not {}", key.path, key.wanted, described(node)));
  }

  void read_map(const Key& key, const toml::node& node, int line) {
    const auto* table = node.as_table();
    if (table == nullptr)
      return complain(line, fmt::format("{} must be {}, not {}", key.path, key.wanted, type_text(node)));
    TextMap map;
    for (const auto& [name, element] : *table) {
      values_.lines.emplace(fmt::format("{}.{}", key.path, name.str()), line_of_node(name.source()));
      const auto text = scalar_text(element);
      if (text && (element.is_string() || key.shape == Key::Shape::ScalarMap)) {
        map.emplace(name.str(), *text);
        continue;
      }
      return complain(line_of_node(name.source()), fmt::format("{}.{} must be a string, not {}", key.path,
                                                               name.str(), type_text(element)));
    }
    values_.entries.push_back({&key, std::move(map), line});
  }

  // Names the wrong element of a list.
  static std::string described(const toml::node& node) {
    if (const auto* array = node.as_array())
      for (const auto& element : *array)
        if (!element.is_string()) return std::string("a list with ") + type_text(element) + " in it";
    return type_text(node);
  }

  void complain(int line, const std::string& problem) {
    error_ = Error{ErrorKind::Invalid, 0, fmt::format("{}:{}: {}", source_, line, problem), ""};
  }

  const std::string& source_;
  TomlValues values_;
  std::optional<Error> error_;
};

}  // namespace

int TomlValues::line_of(std::string_view path) const {
  if (const auto found = lines.find(path); found != lines.end()) return found->second;
  for (const auto& entry : entries)
    if (entry.key->path == path || path.starts_with(entry.key->path + ".")) return entry.line;
  return 0;
}

Result<TomlValues> read_toml_values(std::string_view text, const std::string& source) {
  // toml++ throws; no exception may leave this function.
  try {
    return Reader(source).read(toml::parse(text, source));
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::Invalid, fmt::format("{}:{}: invalid TOML: {}", source,
                                                line_of_node(error.source()), error.description()));
  } catch (const std::exception& error) {
    return fail(ErrorKind::Failed, fmt::format("cannot read {}: {}", source, error.what()));
  }
}

}  // namespace rollctl
