// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "deploy/verdict.h"
#include "state/paths.h"

namespace rollctl {

// The two decisions about a canary that stands.
enum class CanaryDecision { Promote, Withdraw };

// Where steering ends with rollctl, the one that deployed a canary stays with it and holds the app's lock.
// This lets that one decide, waits until it has ended, and returns how, as of `command`. `busy` where the
// holder does not stay with a canary.
Result<Verdict> decide_for_holder(const Paths& paths, const std::string& app, AppCommand command,
                                  CanaryDecision decision, const Error& busy);

}  // namespace rollctl
