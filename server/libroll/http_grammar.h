// SPDX-License-Identifier: MIT
// The grammar of a request's parts, exactly as in RFC 9110, 9112 and 3986: it accepts nothing that parsers
// read differently. Pure, and without allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace roll {

// The name of a method or a header field: at least one letter, digit or one of "!#$%&'*+-.^_`|~".
bool is_token(std::string_view text);

// Tabs, blanks, visible characters and bytes from 0x80 on: no other control characters.
bool is_field_text(std::string_view text);

// Visible characters and bytes from 0x80 on, except "#", at which only some servers cut a target.
bool is_target_text(std::string_view text);

// HOST or HOST:PORT as in a Host field: a name, an IPv4 address or an IPv6 address in brackets, without a
// user.
bool is_authority(std::string_view text);

// Equal, ignoring the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b);

// Without the blanks and tabs around it.
std::string_view trim(std::string_view text);

// Calls `visit` with each member of a comma-separated list that is not empty.
template <typename Visit>
void for_each_member(std::string_view list, Visit visit) {
  while (!list.empty()) {
    std::string_view member = list.substr(0, list.find(','));
    list.remove_prefix(member.size() < list.size() ? member.size() + 1 : list.size());
    if (member = trim(member); !member.empty()) visit(member);
  }
}

// Digits only; nothing on overflow.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

// 1 to 16 hexadecimal digits only.
std::optional<std::uint64_t> parse_hexadecimal(std::string_view text);

}  // namespace roll
