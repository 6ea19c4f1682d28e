// SPDX-License-Identifier: MIT
// Any request target: the path stays below the root, and its escaped form parses to the same path.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "roll-httpd/request_path.h"

namespace {

bool is_safe(const std::string& path) {
  if (path.find('\0') != std::string::npos) return false;
  std::string_view rest = path;
  while (!rest.empty()) {
    std::string_view segment = rest.substr(0, rest.find('/'));
    if (segment.empty() || segment == "." || segment == "..") return false;
    rest.remove_prefix(segment.size());
    if (rest.empty()) return true;
    rest.remove_prefix(1);
    if (rest.empty()) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view target(reinterpret_cast<const char*>(data), size);
  std::optional<roll::RequestPath> path = roll::parse_request_path(target);
  if (!path) return 0;
  if (!is_safe(path->path)) std::abort();
  std::string again = "/" + roll::escape_path(path->path);
  if (path->kind == roll::PathKind::Directory && !path->path.empty()) again += '/';
  if (roll::parse_request_path(again) != path) std::abort();
  return 0;
}
