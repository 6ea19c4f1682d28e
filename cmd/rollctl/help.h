// SPDX-License-Identifier: MIT
#pragma once

#include <string>

// CLI11's name.
namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

namespace rollctl {

// The texts of --help, at most 80 columns wide. Only this file, options.cpp and command_line.cpp know CLI11.

// Usage, arguments, the options by their groups, and the examples: lines that are indented by two blanks.
std::string command_help(const CLI::App& command, const char* examples);

// Usage, options and subcommands.
std::string program_help(const CLI::App& program);

}  // namespace rollctl
