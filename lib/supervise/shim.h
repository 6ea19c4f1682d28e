// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace rollctl {

// A shim's whole life: claims the run directory (flock), connects to its launch.sock, takes the launch spec,
// starts the server when it may and stays until no process of the instance is left; then the run directory is
// removed. Returns at once, with nothing touched, where there is no launch.sock; called off, where whoever
// made it goes before the server may run, it removes the run directory. An error is for the log.
Status run_shim(const std::string& run_dir);

}  // namespace rollctl
