// SPDX-License-Identifier: MIT
#include "roll-httpd/request_path.h"

#include <strings.h>

#include <cctype>
#include <cstring>

namespace roll {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode_segment(std::string_view segment) {
  std::string decoded;
  decoded.reserve(segment.size());
  for (std::size_t i = 0; i < segment.size(); ++i) {
    char c = segment[i];
    if (c == '%') {
      if (i + 2 >= segment.size()) return std::nullopt;
      int high = hex_digit(segment[i + 1]);
      int low = hex_digit(segment[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      if (c == '/') return std::nullopt;
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    decoded += c;
  }
  return decoded;
}

// "http://host/path" → "/path"
std::string_view strip_authority(std::string_view target) {
  for (std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (target.size() < scheme.size() || strncasecmp(target.data(), scheme.data(), scheme.size()) != 0)
      continue;
    std::size_t slash = target.find_first_of("/?#", scheme.size());
    if (slash == std::string_view::npos || target[slash] != '/') return "/";
    return target.substr(slash);
  }
  return target;
}

}  // namespace

std::optional<RequestPath> parse_request_path(std::string_view target) {
  std::string_view path = strip_authority(target);
  path = path.substr(0, path.find_first_of("?#"));
  if (path.empty() || path.front() != '/') return std::nullopt;

  RequestPath result;
  result.kind = PathKind::Directory;
  while (!path.empty()) {
    path.remove_prefix(1);
    std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    std::optional<std::string> decoded = decode_segment(segment);
    if (!decoded || *decoded == "..") return std::nullopt;
    bool names_nothing = decoded->empty() || *decoded == ".";
    result.kind = names_nothing ? PathKind::Directory : PathKind::File;
    if (names_nothing) continue;
    if (!result.path.empty()) result.path += '/';
    result.path += *decoded;
  }
  return result;
}

std::string_view query_of(std::string_view target) {
  target = target.substr(0, target.find('#'));
  std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark);
}

std::string escape_path(std::string_view path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  for (char c : path) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte)) || (c != '\0' && std::strchr("-._~/", c) != nullptr)) {
      escaped += c;
    } else {
      escaped += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return escaped;
}

}  // namespace roll
