// SPDX-License-Identifier: MIT
#include "rollctl/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <vector>

#include "rollctl/options.h"

namespace rollctl {

namespace {

constexpr size_t kWidth = 80;
constexpr size_t kOptionColumn = 27;
constexpr size_t kCommandColumn = 14;

// "  NAME   the text", wrapped at the column of the text.
std::string item(const std::string& name, std::string_view text, size_t column) {
  std::string lines;
  std::string line = "  " + name;
  line += std::string(line.size() + 2 <= column ? column - line.size() : 2, ' ');
  bool is_first = true;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string word(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!is_first && line.size() + 1 + word.size() > kWidth) {
      lines += line + "\n";
      line = std::string(column, ' ') + word;
      continue;
    }
    line += (is_first ? "" : " ") + word;
    is_first = false;
  }
  return lines + line + "\n";
}

std::string option_name(const CLI::Option& option) {
  std::string name;
  for (const std::string& one : option.get_snames()) name += (name.empty() ? "-" : ",-") + one;
  for (const std::string& one : option.get_lnames()) name += (name.empty() ? "--" : ",--") + one;
  // A flag takes no value.
  if (option.get_expected_max() > 0 && option.get_type_size_max() > 0) name += " " + option.get_type_name();
  return name;
}

std::string usage(const CLI::App& command) {
  std::string text = "Usage: rollctl " + command.get_name() + " [OPTIONS]";
  for (const CLI::Option* option : command.get_options()) {
    if (option->nonpositional()) continue;
    text += option->get_required() ? " " + option->get_name() : " [" + option->get_name() + "]";
  }
  return text + "\n";
}

std::string arguments(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : command.get_options())
    if (!option->nonpositional()) text += item(option->get_name(), option->get_description(), kOptionColumn);
  return text.empty() ? text : "\nArguments:\n" + text;
}

// CLI11's own, --help and --version, belong to the output.
std::string heading_of(const CLI::Option& option) {
  const bool is_own = option.check_name("--help") || option.check_name("--version");
  return is_own ? Options::kOutput : option.get_group();
}

std::string options_of(const CLI::App& command) {
  std::vector<std::string> headings;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->nonpositional()) continue;
    const std::string heading = heading_of(*option);
    if (heading != Options::kOutput && std::ranges::find(headings, heading) == headings.end())
      headings.push_back(heading);
  }
  headings.emplace_back(Options::kOutput);
  std::string text;
  for (const std::string& heading : headings) {
    text += "\n" + heading + ":\n";
    for (const CLI::Option* option : command.get_options())
      if (option->nonpositional() && heading_of(*option) == heading)
        text += item(option_name(*option), option->get_description(), kOptionColumn);
  }
  return text;
}

}  // namespace

std::string command_help(const CLI::App& command, const char* examples) {
  std::string text =
      command.get_description() + ".\n" + usage(command) + arguments(command) + options_of(command);
  if (!command.get_footer().empty()) text += "\n" + command.get_footer() + "\n";
  return text + "\nExamples:\n" + examples;
}

std::string program_help(const CLI::App& program) {
  std::string text = program.get_description() + "\nUsage: rollctl COMMAND [OPTIONS]\n\nSubcommands:\n";
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; }))
    if (!command->get_group().empty())
      text += item(command->get_name(), command->get_description(), kCommandColumn);
  text += "\nOptions:\n";
  for (const CLI::Option* option : program.get_options())
    text += item(option_name(*option), option->get_description(), kOptionColumn);
  return text + "\n" + program.get_footer() +
         "\n\nExamples:\n"
         "  rollctl deploy web v2\n"
         "  rollctl deploy web --listen :8080 -- ./web --port 8080\n";
}

}  // namespace rollctl
