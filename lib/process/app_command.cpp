// SPDX-License-Identifier: MIT
#include "process/app_command.h"

#include <algorithm>
#include <array>

namespace rollctl {

namespace {

using enum AppCommand;

constexpr std::array<CommandTraits, 11> kTraits{{
    // command, word, moves traffic, makes a generation, reads the app file
    {Deploy, "deploy", true, true, true},
    {Rollback, "rollback", true, true, false},
    {Restart, "restart", true, true, true},
    {Promote, "promote", true, true, false},
    {Abort, "abort", true, false, false},
    {Scale, "scale", true, false, false},
    {Start, "start", true, false, false},
    {Stop, "stop", true, false, false},
    {Recover, "recover", true, false, false},
    {Remove, "remove", false, false, false},
    {Other, "other", false, false, false},
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
    if (traits.word == word && traits.command != Other) return traits.command;
  return std::nullopt;
}

}  // namespace rollctl
