// SPDX-License-Identifier: MIT
// From the target of a request line to a path below the root. Pure: the file system is not asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace roll {

enum class PathKind { File, Directory };  // a target that ends with "/" names a directory

struct RequestPath {
  std::string path;  // decoded, relative, without empty, "." or ".." segments; "" is the root itself
  PathKind kind = PathKind::File;
  bool operator==(const RequestPath&) const = default;
};

// Takes "/path?query" and "http://host/path?query". Nothing is returned for what no honest client sends:
// another form, a bad percent escape, an encoded "/" or NUL, or a ".." segment, encoded or not.
std::optional<RequestPath> parse_request_path(std::string_view target);

// The target's "?query", or "" if there is none.
std::string_view query_of(std::string_view target);

// A path as it stands in a URI, with everything escaped that is not a letter, digit or one of "-._~/".
std::string escape_path(std::string_view path);

}  // namespace roll
