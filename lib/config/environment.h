// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rollctl {

using Environment = std::map<std::string, std::string>;

// NAME=value lines; blank lines and lines that start with '#' are skipped, blanks around NAME and value are
// not part of them, "export " before NAME is allowed. A value may stand in '…', taken as it is, or in "…",
// where \" \\ \$ \` and \n are escapes; nothing else is expanded. Invalid, naming `source` and the line.
Result<Environment> parse_env_file(std::string_view text, const std::string& source);

// "NAME=value", sorted by name.
std::vector<std::string> environment_list(const Environment& environment);

// What a usual system has where nothing says otherwise.
extern const char* const kUsualPath;

// `path` without what is not absolute: "." in the PATH of a server would mean its workdir. kUsualPath where
// nothing is left.
std::string clean_search_path(std::string_view path);

}  // namespace rollctl
