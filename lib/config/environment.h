// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rollctl {

using Environment = std::map<std::string, std::string>;

// Parses NAME=value lines. Skips blank lines and lines that start with '#', trims blanks around NAME and
// value, allows "export " before NAME. A value in '…' is literal; in "…" the escapes are \" \\ \$ \` and \n.
// Expands nothing else. Invalid, naming `source` and the line.
Result<Environment> parse_env_file(std::string_view text, const std::string& source);

// "NAME=value", sorted by name.
std::vector<std::string> environment_list(const Environment& environment);

// The default PATH.
extern const char* const kUsualPath;

// Removes relative folders from `path`: "." would mean the server's workdir. kUsualPath if nothing is left.
std::string clean_search_path(std::string_view path);

}  // namespace rollctl
