// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "rollctl/context.h"
#include "rollctl/options.h"

namespace rollctl {

// One command of rollctl: its options, its call into lib/app, its output. Each has a file of its name.
class CliCommand {
 public:
  virtual ~CliCommand() = default;

  // Declares its options and arguments, and the variables that they fill.
  virtual void declare(Options& options) = 0;

  // Runs the command with the parsed options. Returns the exit status.
  virtual int run(Context& context) = 0;
};

// Every command file ends with one.
struct CommandEntry {
  const char* word;
  const char* summary;
  std::unique_ptr<CliCommand> (*make)();
  const char* examples;  // two lines, each indented by two blanks
  enum class For { People, Programs };
  For whom = For::People;  // Programs: hidden in --help
};

template <typename Command>
std::unique_ptr<CliCommand> make_command() {
  return std::make_unique<Command>();
}

}  // namespace rollctl
