// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/app_config.h"

namespace rollctl {

// The text of an app file that parse_app_file() reads back as `config`; omits defaults. Ad-hoc apps are kept
// this way. TOML is UTF-8: parse_app_file() refuses the text if a command is not.
std::string write_app_file(const AppConfig& config);

}  // namespace rollctl
