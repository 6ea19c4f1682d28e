// SPDX-License-Identifier: MIT
// Converts the target of a request line into a path below the root. Pure: does not read the file system.
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

// Accepts "/path?query" and "http://host/path?query". Nothing for another form, a bad percent escape, an
// encoded
// "/" or NUL, or a ".." segment, encoded or not.
std::optional<RequestPath> parse_request_path(std::string_view target);

// The target's "?query", or "".
std::string_view query_of(std::string_view target);

// A path as in a URI: escapes all but letters, digits and "-._~/".
std::string escape_path(std::string_view path);

}  // namespace roll
