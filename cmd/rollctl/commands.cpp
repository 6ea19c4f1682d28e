// SPDX-License-Identifier: MIT
#include "rollctl/commands.h"

namespace roll {

// A new command is a file of its own, and a line here.
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

const std::vector<const CommandEntry*>& commands() {
#define ROLLCTL_ADDRESS(entry) &entry,
  static const std::vector<const CommandEntry*> kCommands{ROLLCTL_COMMANDS(ROLLCTL_ADDRESS)};
  return kCommands;
}

}  // namespace roll
