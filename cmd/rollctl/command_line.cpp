// SPDX-License-Identifier: MIT
#include "rollctl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <utility>

#include "config/nearest.h"
#include "rollctl/commands.h"
#include "rollctl/help.h"

namespace rollctl {

namespace {

void declare_common(Options& options, CommonOptions& common) {
  options.group(Options::kOutput);
  options.flag("--json", common.json, "Print events or one object as JSON on standard output");
  options.flag("-q,--quiet", common.quiet, "Print only errors and warnings");
  options.flag("-v,--verbose", common.verbose, "Print more detail");
  options.exclude("--verbose", "--quiet");
  options.flag("--no-color", common.no_color, "Print without colours");
  options.group("Options");
}

// The command's name; empty if there is none.
std::string first_word(const std::vector<std::string>& arguments) {
  const auto word = std::find_if(arguments.begin(), arguments.end(),
                                 [](const std::string& text) { return !text.starts_with('-'); });
  return word == arguments.end() ? std::string() : *word;
}

struct UnknownOption {
  std::string text;
  std::string nearest;
};

std::optional<UnknownOption> unknown_option(const CLI::App& command,
                                            const std::vector<std::string>& arguments) {
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    for (const std::string& name : option->get_snames()) known.push_back("-" + name);
  }
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    const std::string name = argument.substr(0, argument.find('='));
    if (!name.starts_with("--") || std::find(known.begin(), known.end(), name) != known.end()) continue;
    return UnknownOption{name, nearest(name, known)};
  }
  return std::nullopt;
}

// CLI11 only says "The following argument was not expected: depoly"; this suggests the nearest name.
Error usage_error(const CLI::ParseError& error, const CLI::App& program,
                  const std::vector<std::string>& arguments) {
  const std::string word = first_word(arguments);
  std::vector<std::string> words;
  for (const CommandEntry* entry : commands())
    if (entry->whom == CommandEntry::For::People || word == entry->word) words.emplace_back(entry->word);
  if (word.empty()) return {ErrorKind::Invalid, 0, "no command was given", "see `rollctl --help`"};
  if (std::find(words.begin(), words.end(), word) == words.end()) {
    return {ErrorKind::Invalid, 0, "unknown command '" + word + "'",
            "did you mean `rollctl " + nearest(word, words) + "`? See `rollctl --help`"};
  }
  if (const auto unknown = unknown_option(*program.get_subcommand(word), arguments))
    return {ErrorKind::Invalid, 0, word + ": unknown option '" + unknown->text + "'",
            "did you mean " + unknown->nearest + "? See `rollctl " + word + " --help`"};
  std::string what = error.what();
  std::replace(what.begin(), what.end(), '\n', ' ');
  while (!what.empty() && (what.back() == ' ' || what.back() == '.')) what.pop_back();
  return {ErrorKind::Invalid, 0, word + ": " + what, "see `rollctl " + word + " --help`"};
}

// `rollctl help` and `rollctl help deploy` are what people type.
std::vector<std::string> without_help_word(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments.front() != "help") return arguments;
  arguments.erase(arguments.begin());
  arguments.emplace_back("--help");
  return arguments;
}

}  // namespace

CommonOptions guess_common_options(const std::vector<std::string>& arguments) {
  const auto given = [&](const char* option) {
    const auto end = std::find(arguments.begin(), arguments.end(), "--");
    return std::find(arguments.begin(), end, option) != end;
  };
  CommonOptions options;
  options.json = given("--json");
  options.no_color = given("--no-color");
  return options;
}

Result<CommandLine> parse_command_line(const std::vector<std::string>& given) {
  const std::vector<std::string> arguments = without_help_word(given);
  // CLI11 2.1 fills optional positionals across `--`: it would take COMMAND for RELEASE.
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> ours(arguments.begin(), dashes);
  std::vector<std::string> behind_dashes;
  if (dashes != arguments.end()) behind_dashes.assign(dashes + 1, arguments.end());

  CLI::App program{"Ships a new release of a server without losing a connection.", "rollctl"};
  program.require_subcommand(1);
  program.set_version_flag("--version", "rollctl " ROLL_VERSION);
  program.footer(
      "An app is described by /etc/rollctl/APP.toml, or by a command after `--`.\n"
      "Exit status: 0 done, 1 failed and undone, 2 usage, 3 needs attention,\n"
      "  4 connections cut (--strict), 5 busy, 6 no such app, 7 not permitted or not\n"
      "  possible here.");
  CommandLine line;
  std::optional<Options> options;
  const CommandEntry* chosen_entry = nullptr;
  const std::string word = first_word(ours);
  for (const CommandEntry* entry : commands()) {
    CLI::App* command = program.add_subcommand(entry->word, entry->summary);
    if (entry->whom == CommandEntry::For::Programs) command->group("");  // hides it
    // Declaring the options of all commands would take 1.1 ms longer.
    if (word != entry->word) continue;
    chosen_entry = entry;
    line.command = entry->make();
    options.emplace(*command);
    declare_common(*options, line.common);
    command->set_version_flag("--version", "rollctl " ROLL_VERSION);
    line.command->declare(*options);
  }
  std::reverse(ours.begin(), ours.end());  // as CLI11 wants them
  try {
    program.parse(ours);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = program.get_subcommands();
    line.text =
        chosen.empty() ? program_help(program) : command_help(*chosen.front(), chosen_entry->examples);
  } catch (const CLI::CallForVersion&) {
    line.text = "rollctl " ROLL_VERSION "\n";
  } catch (const CLI::ParseError& error) {
    return fail(usage_error(error, program, arguments));
  }
  if (!line.text.empty()) {
    line.command.reset();
    return line;
  }
  if (Status understood = options->understand(behind_dashes); !understood) return fail(understood.error());
  return line;
}

}  // namespace rollctl
