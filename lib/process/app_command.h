// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rollctl {

// The commands that change an app, as journals, locks and verdicts name them.
enum class AppCommand {
  Deploy,
  Rollback,
  Restart,
  Promote,
  Abort,
  Scale,
  Start,
  Stop,
  Recover,
  Remove,
  Other,  // of a journal that a newer rollctl wrote
};

// All that is decided by the command alone.
struct CommandTraits {
  AppCommand command;
  std::string_view word;
  bool moves_traffic;
  // It begins a generation, or completes that of its canary. Then what leaves may be held for going back.
  bool makes_generation;
  bool reads_app_file;  // what it starts is as the app file says now
};

const CommandTraits& traits_of(AppCommand command);

// "deploy", …
std::string command_word(AppCommand command);
// Nothing for another word.
std::optional<AppCommand> parse_command(std::string_view word);

}  // namespace rollctl
