// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "config/app_config.h"

namespace rollctl {

// Reads and validates an app file (TOML). Errors name file and line: NotFound for a missing file; Unsupported
// for a `udp://` address; else Invalid, also for a file that other users may write while root reads it.
// Checks placeholders but does not expand them; makes relative paths absolute (anchor_paths()); takes PATH
// and LANG from this process.
Result<AppConfig> read_app_file(const std::string& path);

// The same for the text of an app file; errors name `source`.
Result<AppConfig> parse_app_file(std::string_view text, const std::string& source);

// [a-z0-9][a-z0-9_-]{0,62}
Status check_app_name(std::string_view name);
// [A-Za-z0-9][A-Za-z0-9._+~-]{0,127}
Status check_release_name(std::string_view name);

// Whether the command, workdir or environment contains {release}, so that a deploy needs a RELEASE.
bool needs_release(const AppConfig& config);

}  // namespace rollctl
