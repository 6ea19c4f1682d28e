// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "rollctl/context.h"
#include "rollctl/options.h"

namespace rollctl {

// One command of rollctl: its options, its call of lib/app, its output. Each stands in a file of its name.
class CliCommand {
 public:
  virtual ~CliCommand() = default;

  // Says which options and arguments it takes, and where they go.
  virtual void declare(Options& options) = 0;

  // Does it, with what was given. Returns the exit status.
  virtual int run(Context& context) = 0;
};

// The end of each command's file.
struct CommandEntry {
  const char* word;
  const char* summary;
  std::unique_ptr<CliCommand> (*make)();
  enum class For { People, Programs };
  For whom = For::People;  // for programs: in no help
};

template <typename Command>
std::unique_ptr<CliCommand> make_command() {
  return std::make_unique<Command>();
}

}  // namespace rollctl
