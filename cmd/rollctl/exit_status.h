// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "deploy/verdict.h"
#include "ui/reporter.h"

namespace rollctl {

// The exit statuses of all commands.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNeedsAttention = 3;
inline constexpr int kConnectionsCut = 4;
inline constexpr int kBusy = 5;
inline constexpr int kNoSuchApp = 6;
inline constexpr int kNotPossible = 7;
inline constexpr int kSignalBase = 128;  // plus the number of the signal that interrupted it

enum class Strictness { Normal, Strict };

int exit_status_of(const Error& error);
int exit_status_of(const Verdict& verdict, Strictness strictness);

// Report how a command ended; return its exit status.
int tell_end(const Verdict& verdict, Strictness strictness, Reporter& reporter);
int tell_error(const Error& error, Reporter& reporter);

}  // namespace rollctl
