// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "rollctl/cli_command.h"

namespace rollctl {

// All commands, in the order of the help. A new command is a file of its own, and a line here.
#define ROLLCTL_COMMANDS(COMMAND) \
  COMMAND(kDeployCommand)         \
  COMMAND(kRollbackCommand)       \
  COMMAND(kRestartCommand)        \
  COMMAND(kCanaryCommand)         \
  COMMAND(kPromoteCommand)        \
  COMMAND(kAbortCommand)          \
  COMMAND(kScaleCommand)          \
  COMMAND(kStartCommand)          \
  COMMAND(kStopCommand)           \
  COMMAND(kRemoveCommand)         \
  COMMAND(kFreezeCommand)         \
  COMMAND(kThawCommand)           \
  COMMAND(kRunCommand)            \
  COMMAND(kStatusCommand)         \
  COMMAND(kHistoryCommand)        \
  COMMAND(kDiffCommand)           \
  COMMAND(kLogsCommand)           \
  COMMAND(kCheckCommand)          \
  COMMAND(kDoctorCommand)         \
  COMMAND(kRecoverCommand)        \
  COMMAND(kCompleteCommand)

#define ROLLCTL_DECLARE(entry) extern const CommandEntry entry;
ROLLCTL_COMMANDS(ROLLCTL_DECLARE)
#undef ROLLCTL_DECLARE

const std::vector<const CommandEntry*>& commands();

}  // namespace rollctl
