// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "rollctl/command_line.h"
#include "state/paths.h"
#include "ui/reporter.h"

namespace roll {

// Where steering ends with rollctl, the one that deployed a canary stays with it and holds the app's lock.
// `promote`, `abort` and a plain `rollback` then let that one decide, wait until it has ended, and tell how.
// For any other command, and where the holder does not stay with a canary: `busy`. Returns the exit status.
Result<int> decide_for_holder(const Paths& paths, const std::string& app, const CommandLine& line,
                              const Error& busy, Reporter& reporter);

}  // namespace roll
