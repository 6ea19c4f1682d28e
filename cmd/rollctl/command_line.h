// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "rollctl/cli_command.h"
#include "rollctl/context.h"

namespace rollctl {

// One call of rollctl, understood.
struct CommandLine {
  std::unique_ptr<CliCommand> command;  // what to do
  CommonOptions common;
  std::string text;  // or what was asked for instead: help, a version
};

// A usage error is Invalid, with a hint. `arguments` are without the program's name.
Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

// The common options among arguments that cannot be understood: how to tell that.
CommonOptions guess_common_options(const std::vector<std::string>& arguments);

}  // namespace rollctl
