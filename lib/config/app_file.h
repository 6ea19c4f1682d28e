// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "config/app_config.h"

namespace rollctl {

// Reads and checks an app file (TOML). Every error is of kind Invalid (NotFound for a missing file,
// NotPermitted or Invalid for one that others may write while root reads it) and names file and line; an
// unknown key also names the nearest known one; a `udp://` address is Unsupported. Placeholders are checked
// for being known, not expanded. Relative paths are made absolute, see anchor_paths(). PATH and LANG are the
// calling process's.
Result<AppConfig> read_app_file(const std::string& path);

// The same from a text; `source` is what errors name.
Result<AppConfig> parse_app_file(std::string_view text, const std::string& source);

// The text of an app file that reads back as `config`, whatever has its default left out: for ad-hoc apps,
// kept as app.toml in the state directory. TOML is UTF-8: a command that is not does not read back, and
// parse_app_file() says so.
std::string write_app_file(const AppConfig& config);

// [a-z0-9][a-z0-9_-]{0,62}
Status check_app_name(std::string_view name);
// [A-Za-z0-9][A-Za-z0-9._+~-]{0,127}
Status check_release_name(std::string_view name);

// Does anything that is started with it differ from release to release by name? Then RELEASE must be given.
bool needs_release(const AppConfig& config);

}  // namespace rollctl
