// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "rollctl/cli_command.h"

namespace roll {

// All commands, in the order of the help. A new command is a file of its own, and a line here.
#define ROLLCTL_COMMANDS(COMMAND) \
  COMMAND(deploy_command)         \
  COMMAND(rollback_command)       \
  COMMAND(restart_command)        \
  COMMAND(promote_command)        \
  COMMAND(abort_command)          \
  COMMAND(scale_command)          \
  COMMAND(start_command)          \
  COMMAND(stop_command)           \
  COMMAND(remove_command)         \
  COMMAND(status_command)         \
  COMMAND(history_command)        \
  COMMAND(logs_command)           \
  COMMAND(check_command)          \
  COMMAND(doctor_command)         \
  COMMAND(recover_command)        \
  COMMAND(complete_command)

#define ROLLCTL_DECLARE(entry) extern const CommandEntry entry;
ROLLCTL_COMMANDS(ROLLCTL_DECLARE)
#undef ROLLCTL_DECLARE

const std::vector<const CommandEntry*>& commands();

}  // namespace roll
