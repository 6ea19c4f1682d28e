// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/generation_spec.h"
#include "loop/loop.h"

namespace rollctl {

// Runs a program with the user, folder, environment and limits of the release's servers, on the standard
// input and outputs of this process and in a session of its own, and blocks until it has ended. SIGINT,
// SIGTERM, SIGHUP and SIGQUIT are passed on to it and its children. Returns its exit status, or 128 and the
// signal that ended it. The error: it could not be started.
Result<int> run_once(Loop& loop, const GenerationSpec& spec, std::vector<std::string> argv);

}  // namespace rollctl
