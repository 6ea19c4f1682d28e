// SPDX-License-Identifier: MIT
#include "rollctl/commands.h"

namespace rollctl {

const std::vector<const CommandEntry*>& commands() {
#define ROLLCTL_ADDRESS(entry) &(entry),
  static const std::vector<const CommandEntry*> kCommands{ROLLCTL_COMMANDS(ROLLCTL_ADDRESS)};
#undef ROLLCTL_ADDRESS
  return kCommands;
}

}  // namespace rollctl
