// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "deploy/verdict.h"
#include "state/paths.h"

namespace rollctl {

// The decisions that end a standing canary.
enum class CanaryDecision { Promote, Withdraw };

// On hosts where steering ends with rollctl, the rollctl that deployed a canary keeps
// running and holds the app's lock. This function signals the decision to it, waits
// until it exits, and returns its verdict, reworded for `command`. Returns `busy` if
// the lock's holder does not attend a canary. Blocks until the holder exits.
Result<Verdict> decide_for_holder(const Paths& paths, const std::string& app, AppCommand command,
                                  CanaryDecision decision, const Error& busy);

}  // namespace rollctl
