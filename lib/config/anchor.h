// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/app_config.h"

namespace rollctl {

// Makes the relative paths of a configuration mean the same wherever it is read later: `workdir`, `env_file`
// and the programs of hooks become relative to `folder` (the app file's); so do the programs of `command` and
// `ready.command` where there is no `workdir`. With one, these two are relative to it, and stay as they are:
// the server starts there. A program without a slash is looked up in PATH.
void anchor_paths(AppConfig& config, const std::string& folder);

}  // namespace rollctl
