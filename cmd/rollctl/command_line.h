// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "rollctl/cli_command.h"
#include "rollctl/context.h"

namespace rollctl {

// A parsed command line.
struct CommandLine {
  std::unique_ptr<CliCommand> command;  // null: print `text` instead
  CommonOptions common;
  std::string text;  // of --help or --version
};

// Invalid, with a hint, on a usage error. `arguments` exclude the program's name.
Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

// The output options among arguments that failed to parse; they decide how that error is printed.
CommonOptions guess_common_options(const std::vector<std::string>& arguments);

}  // namespace rollctl
