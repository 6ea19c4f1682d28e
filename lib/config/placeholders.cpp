// SPDX-License-Identifier: MIT
#include "config/placeholders.h"

#include <fmt/format.h>

#include <optional>

#include "config/nearest.h"

namespace rollctl {

namespace {

// A part of a text: plain characters, a name between braces, or an unmatched brace.
struct Part {
  enum class Kind { Plain, Name, Stray };
  Kind kind;
  std::string_view text;
};

// Removes the next part from `text`, which must not be empty.
Part next_part(std::string_view& text) {
  const auto take = [&text](size_t length) {
    const auto taken = text.substr(0, length);
    text.remove_prefix(length);
    return taken;
  };
  const char first = text.front();
  if (first != '{' && first != '}')
    return {Part::Kind::Plain, take(std::min(text.find_first_of("{}"), text.size()))};
  if (text.size() > 1 && text[1] == first) return {Part::Kind::Plain, take(2).substr(1)};
  const size_t end = first == '{' ? text.find_first_of("{}", 1) : std::string_view::npos;
  if (end == std::string_view::npos || text[end] == '{') return {Part::Kind::Stray, take(1)};
  return {Part::Kind::Name, take(end + 1).substr(1, end - 1)};
}

}  // namespace

void Placeholders::set(std::string name, std::string value) {
  values_.insert_or_assign(std::move(name), std::move(value));
}

void Placeholders::refuse(std::string name, std::string why) {
  refusals_.insert_or_assign(std::move(name), std::move(why));
}

void Placeholders::set_addresses(const std::vector<ListenAddress>& addresses) {
  for (size_t i = 0; i < addresses.size(); ++i) {
    set(fmt::format("listen.{}", i), addresses[i].text);
    set(fmt::format("port.{}", i), std::to_string(addresses[i].endpoint.port));
  }
  for (const std::string name : {"listen", "port"}) {
    if (addresses.size() == 1)
      set(name, values_.find(name + ".0")->second);
    else
      refuse(name, fmt::format("is ambiguous with {} addresses: write {{{}.0}} to {{{}.{}}}",
                               addresses.size(), name, name, addresses.empty() ? 0 : addresses.size() - 1));
  }
}

Result<std::string> Placeholders::expand(std::string_view text) const {
  std::string result;
  std::string_view rest = text;
  while (!rest.empty()) {
    const Part part = next_part(rest);
    if (part.kind == Part::Kind::Stray)
      return fail(ErrorKind::Invalid, fmt::format("\"{}\" has an unmatched '{}'", text, part.text),
                  "write {{ and }} for literal braces");
    if (part.kind == Part::Kind::Plain) {
      result += part.text;
      continue;
    }
    if (const auto value = values_.find(part.text); value != values_.end()) {
      result += value->second;
      continue;
    }
    if (const auto refusal = refusals_.find(part.text); refusal != refusals_.end())
      return fail(ErrorKind::Invalid, fmt::format("{{{}}} in \"{}\" {}", part.text, text, refusal->second));
    std::vector<std::string> known;
    for (const auto& entry : values_) known.push_back(entry.first);
    return fail(ErrorKind::Invalid,
                fmt::format("\"{}\" has the unknown placeholder {{{}}}; did you mean {{{}}}?", text,
                            part.text, nearest(part.text, known)),
                "write {{ and }} for literal braces");
  }
  return result;
}

Result<std::vector<std::string>> Placeholders::expand(const std::vector<std::string>& texts) const {
  std::vector<std::string> results;
  results.reserve(texts.size());
  for (const auto& text : texts) {
    auto result = expand(text);
    if (!result) return fail(result.error());
    results.push_back(std::move(*result));
  }
  return results;
}

bool mentions_placeholder(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const Part part = next_part(text);
    if (part.kind == Part::Kind::Name && part.text == name) return true;
  }
  return false;
}

std::string without_placeholders(std::string_view text) {
  std::string doubled;
  for (const char c : text) {
    doubled += c;
    if (c == '{' || c == '}') doubled += c;
  }
  return doubled;
}

}  // namespace rollctl
