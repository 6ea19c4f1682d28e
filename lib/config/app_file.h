// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "config/app_config.h"

namespace roll {

// Reads and checks an app file (TOML). Every error is of kind Invalid (NotFound for a missing file,
// NotPermitted or Invalid for one that others may write while root reads it) and names file and line; an
// unknown key also names the nearest known one. Placeholders are checked for being known, not expanded.
Result<AppConfig> read_app_file(const std::string& path);

// The same from a text; `source` is what errors name.
Result<AppConfig> parse_app_file(std::string_view text, const std::string& source);

// The text of an app file that reads back as `config`: for ad-hoc apps, kept as app.toml in the state
// directory. Only what an ad-hoc app can have: command, workdir, listen, instances, handover, ready.
std::string write_app_file(const AppConfig& config);

// [a-z0-9][a-z0-9_-]{0,62}
Status check_app_name(std::string_view name);
// [A-Za-z0-9][A-Za-z0-9._+~-]{0,127}
Status check_release_name(std::string_view name);

// Does anything that is started with it differ from release to release by name? Then RELEASE must be given.
bool needs_release(const AppConfig& config);

}  // namespace roll
