// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/app_config.h"
#include "state/paths.h"

namespace roll {

// Who else is on the app's ports, and whether what runs listens where the app file says: each finding as an
// Error. Changes nothing.
std::vector<Error> check_ports(const Paths& paths, const std::string& app, const AppConfig& config);

}  // namespace roll
