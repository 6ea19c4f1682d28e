// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

// The library's own name.
namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

namespace rollctl {

// The options and arguments of one command, as it declares them: names ("-n,--instances"), the word for the
// value in help, the variable to fill, and a line of help. Variables are filled when the command line is
// read, and outlive this object. CLI11 is known to this class and to command_line.cpp alone.
class Options {
 public:
  explicit Options(CLI::App& command) : command_(command) {}
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  enum class Need { Required, Optional };
  void argument(const char* name, Need need, std::string& value, const char* help);
  void flag(const char* names, bool& given, const char* help);
  void text(const char* names, const char* word, std::string& value, const char* help);
  void text(const char* names, const char* word, std::optional<std::string>& value, const char* help);
  enum class Least { Zero, One };
  void number(const char* names, const char* word, std::optional<int>& value, Least least, const char* help);
  void number(const char* names, const char* word, std::optional<int64_t>& value, const char* help);
  // Only one of the two may be given.
  void exclude(const char* one, const char* other);

  // A text that a parser understands. `parse` is called once for each that is given, after all are read;
  // its error is told with the option's name.
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

  // The arguments behind `--`, which no other command takes.
  void command_behind_dashes(std::vector<std::string>& command, const char* help);

  // To be called once CLI11 has read its part. Invalid where a text is not understood, or where there is
  // something behind `--` that the command does not take.
  Status understand(const std::vector<std::string>& behind_dashes);

 private:
  struct Text {
    std::string option;  // for errors; empty: an argument
    Parse parse;
    std::string once;
    std::vector<std::string> often;
  };

  CLI::App& command_;
  std::vector<std::unique_ptr<Text>> texts_;  // CLI11 has their addresses
  std::vector<std::string>* behind_dashes_ = nullptr;
};

}  // namespace rollctl
