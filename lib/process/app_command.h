// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rollctl {

// The commands that change an app.
enum class AppCommand {
  Deploy,
  Rollback,
  Restart,
  Promote,
  Abort,
  Canary,
  Scale,
  Start,
  Stop,
  Recover,
  Remove,
  Other,  // one that only a newer rollctl knows
};

// Properties of a command.
struct CommandTraits {
  AppCommand command;
  std::string_view word;
  bool moves_traffic;
  // The command begins a generation, or completes its canary's. Instances that it replaces may stay on
  // standby.
  bool makes_generation;
  bool reads_app_file;  // new instances follow the app file as it is now
  bool leads_out;       // a way out of trouble: it works although the app is frozen
};

const CommandTraits& traits_of(AppCommand command);

// "deploy"
std::string command_word(AppCommand command);
// Nothing for a word that is no command.
std::optional<AppCommand> parse_command(std::string_view word);

}  // namespace rollctl
