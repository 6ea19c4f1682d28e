// SPDX-License-Identifier: MIT
#include "libroll/http_grammar.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace roll {
namespace {

using Set = std::array<bool, 256>;

constexpr Set set_of(std::string_view letters) {
  Set set{};
  for (char c = '0'; c <= '9'; ++c) set[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) set[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) set[static_cast<unsigned char>(c)] = true;
  for (char c : letters) set[static_cast<unsigned char>(c)] = true;
  return set;
}

constexpr Set kToken = set_of("!#$%&'*+-.^_`|~");
constexpr Set kRegisteredName = set_of("-._~!$&'()*+,;=");

bool all_in(const Set& set, std::string_view text) {
  return std::ranges::all_of(text, [&](char c) { return set[static_cast<unsigned char>(c)]; });
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_registered_name(std::string_view name) {
  while (!name.empty()) {
    if (name.front() != '%') {
      if (!kRegisteredName[static_cast<unsigned char>(name.front())]) return false;
      name.remove_prefix(1);
    } else {
      if (name.size() < 3 || !is_hex_digit(name[1]) || !is_hex_digit(name[2])) return false;
      name.remove_prefix(3);
    }
  }
  return true;
}

template <typename Number>
std::optional<Number> parse_whole(std::string_view text, int base) {
  Number value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && all_in(kToken, text);
}

bool is_field_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool is_target_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f && byte != '#';
  });
}

bool is_authority(std::string_view text) {
  std::size_t end = text.find(':');
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    std::string_view address = text.substr(1, end - 1);
    if (!std::ranges::all_of(address, [](char c) { return is_hex_digit(c) || c == ':' || c == '.'; }))
      return false;
    ++end;
  } else if (std::string_view name = text.substr(0, end); name.empty() || !is_registered_name(name)) {
    return false;
  }
  if (end >= text.size()) return true;
  std::string_view port = text.substr(end + 1);
  return text[end] == ':' && port.size() <= 5 && std::ranges::all_of(port, is_digit);
}

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  return parse_whole<std::uint64_t>(text, 10);
}

std::optional<std::uint64_t> parse_hexadecimal(std::string_view text) {
  if (text.size() > 16) return std::nullopt;
  return parse_whole<std::uint64_t>(text, 16);
}

}  // namespace roll
