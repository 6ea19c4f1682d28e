// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "rollctl/cli_command.h"

namespace roll {

// All commands, in the order of the help.
const std::vector<const CommandEntry*>& commands();

}  // namespace roll
