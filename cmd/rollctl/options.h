// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

// CLI11's name.
namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
class Option;
}  // namespace CLI

namespace rollctl {

// Declares the options and arguments of one command: names ("-n,--instances"), the value's name in --help,
// the variable to fill, and a line of help. Parsing fills the variables, which must outlive this object. Only
// this class and command_line.cpp know CLI11.
class Options {
 public:
  explicit Options(CLI::App& command) : command_(command) {}
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  // The heading in --help of the options that are declared from now on. At the end stand those of kOutput.
  void group(const char* heading);
  static constexpr const char* kOutput = "Output";

  enum class Need { Required, Optional };
  void argument(const char* name, Need need, std::string& value, const char* help);
  void flag(const char* names, bool& given, const char* help);
  void text(const char* names, const char* word, std::string& value, const char* help);
  void text(const char* names, const char* word, std::optional<std::string>& value, const char* help);
  void optional_number(const char* name, std::optional<int64_t>& value, const char* help);
  enum class Least { Zero, One };
  void number(const char* names, const char* word, std::optional<int>& value, Least least, const char* help);
  void number(const char* names, const char* word, std::optional<int64_t>& value, const char* help);
  // A command line may have only one of the two.
  void exclude(const char* one, const char* other);

  // A value with a parser of its own. understand() calls `parse`
  // for each given value; errors name the option.
  using Parse = std::function<Status(const std::string& text)>;
  enum class Times { Once, Often };
  void parsed(const char* names, const char* word, Parse parse, const char* help, Times times = Times::Once);
  void parsed_argument(const char* name, Parse parse, const char* help);
  template <typename T>
  void parsed(const char* names, const char* word, std::optional<T>& value,
              Result<T> (*parse)(const std::string&), const char* help) {
    parsed(
        names, word,
        [&value, parse](const std::string& text) -> Status {
          auto understood = parse(text);
          if (!understood) return fail(understood.error());
          value = std::move(*understood);
          return {};
        },
        help);
  }

  // The arguments after `--`; without this call they are an error.
  void command_behind_dashes(std::vector<std::string>& command, const char* help);

  // Call it after CLI11 has parsed. Invalid if a parser fails, or if the command takes nothing after `--`.
  Status understand(const std::vector<std::string>& behind_dashes);

 private:
  struct Text {
    std::string option;  // its name in errors; empty for an argument
    Parse parse;
    std::string once;
    std::vector<std::string> often;
  };

  void add(CLI::Option* option);

  CLI::App& command_;
  std::string group_ = "Options";
  std::vector<std::unique_ptr<Text>> texts_;  // CLI11 keeps pointers to them
  std::vector<std::string>* behind_dashes_ = nullptr;
};

}  // namespace rollctl
