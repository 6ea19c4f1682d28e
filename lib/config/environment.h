// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rollctl {

using Environment = std::map<std::string, std::string>;

// Parses NAME=value lines as the libraries named dotenv do. Skips a byte order mark, blank lines and lines
// that start with '#', trims blanks around NAME and value, allows "export" and a blank before NAME. A value
// ends before a '#' that follows a blank. One in '…' is literal; in "…" the escapes are \" \\ \$ \` \n and a
// backslash at the end of a line, which joins it with the next. Both may have several lines. Expands nothing
// else. Invalid, naming `source` and the line.
Result<Environment> parse_env_file(std::string_view text, const std::string& source);

// "NAME=value", sorted by name.
std::vector<std::string> environment_list(const Environment& environment);

// The default PATH.
extern const char* const kUsualPath;

// Removes relative folders from `path`: "." would mean the server's workdir. kUsualPath if nothing is left.
std::string clean_search_path(std::string_view path);

}  // namespace rollctl
