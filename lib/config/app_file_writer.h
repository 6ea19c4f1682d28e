// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/app_config.h"
#include "config/value.h"

namespace rollctl {

// A value as it stands in an app file; empty for none.
std::string toml_value(const Value& value);

// The text of an app file that parse_app_file() reads back as `config`; omits defaults. Ad-hoc apps are kept
// this way. TOML is UTF-8: parse_app_file() refuses the text if a command is not.
std::string write_app_file(const AppConfig& config);

}  // namespace rollctl
