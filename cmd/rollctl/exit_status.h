// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "deploy/verdict.h"

namespace roll {

// The exit status of every command, in one table.
enum ExitStatusCode : int {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kNeedsAttention = 3,
  kConnectionsCut = 4,
  kBusy = 5,
  kNoSuchApp = 6,
  kNotPossible = 7,
  kSignalBase = 128,
};

enum class Strictness { Normal, Strict };

int exit_status_of(const Error& error);
int exit_status_of(const Verdict& verdict, Strictness strictness);

}  // namespace roll
