// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/app_config.h"

namespace rollctl {

// Makes the relative paths of a configuration absolute, below `folder` (the app file's): `workdir`,
// `env_file` and the programs of hooks, and without a `workdir` also those of `command` and `ready.command`.
// With a `workdir` these two stay relative to it, since the server starts there. A program without a slash is
// looked up in PATH.
void anchor_paths(AppConfig& config, const std::string& folder);

}  // namespace rollctl
