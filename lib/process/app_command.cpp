// SPDX-License-Identifier: MIT
#include "process/app_command.h"

#include <algorithm>
#include <array>

namespace rollctl {

namespace {

constexpr std::array<CommandTraits, 12> kTraits{{
    // command, word, moves traffic, makes a generation, reads the app file, leads out
    {AppCommand::Deploy, "deploy", true, true, true, false},
    {AppCommand::Rollback, "rollback", true, true, false, true},
    {AppCommand::Restart, "restart", true, true, true, false},
    {AppCommand::Promote, "promote", true, true, false, false},
    {AppCommand::Abort, "abort", true, false, false, true},
    {AppCommand::Canary, "canary", true, false, false, false},
    {AppCommand::Scale, "scale", true, false, false, false},
    {AppCommand::Start, "start", true, false, false, true},
    {AppCommand::Stop, "stop", true, false, false, true},
    {AppCommand::Recover, "recover", true, false, false, true},
    {AppCommand::Remove, "remove", false, false, false, false},
    {AppCommand::Other, "other", false, false, false, false},
}};

}  // namespace

const CommandTraits& traits_of(AppCommand command) {
  const auto* known = std::find_if(kTraits.begin(), kTraits.end(),
                                   [&](const CommandTraits& traits) { return traits.command == command; });
  return known != kTraits.end() ? *known : kTraits.back();
}

std::string command_word(AppCommand command) {
  return std::string(traits_of(command).word);
}

std::optional<AppCommand> parse_command(std::string_view word) {
  for (const CommandTraits& traits : kTraits)
    if (traits.word == word && traits.command != AppCommand::Other) return traits.command;
  return std::nullopt;
}

}  // namespace rollctl
