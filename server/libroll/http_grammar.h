// SPDX-License-Identifier: MIT
// The grammar of a request's parts, as RFC 9110, 9112 and 3986 write it and no wider: what one parser takes
// for one thing and the next for another is not in it. Pure, and without allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace roll {

// The name of a method or a header field: at least one letter, digit or one of "!#$%&'*+-.^_`|~".
bool is_token(std::string_view text);

// Tabs, blanks, what is visible, and bytes from 0x80 on: no NUL, no CR, no other control character.
bool is_field_text(std::string_view text);

// Visible bytes and those from 0x80 on, except "#": some servers cut a target there, others do not.
bool is_target_text(std::string_view text);

// HOST or HOST:PORT as it stands in a Host field: a name, an IPv4 address or an IPv6 address in brackets, no
// user.
bool is_authority(std::string_view text);

// Equal but for the case of ASCII letters.
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

// Digits and nothing else; nothing when it does not fit.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

// 1 to 16 hexadecimal digits and nothing else.
std::optional<std::uint64_t> parse_hexadecimal(std::string_view text);

}  // namespace roll
