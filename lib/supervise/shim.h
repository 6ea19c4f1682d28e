// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace rollctl {

// A shim's whole life: locks the run directory (flock), connects to its launch.sock, takes the launch spec,
// starts the server on order, and blocks until no process of the instance is left; then it removes the run
// directory. Without launch.sock it returns at once and touches nothing. If rollctl disconnects before it
// lets the server run, it removes the run directory. An error is for the log.
Status run_shim(const std::string& run_dir);

}  // namespace rollctl
