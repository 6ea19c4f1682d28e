// SPDX-License-Identifier: MIT
#include "rollctl/options.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace rollctl {

void Options::argument(const char* name, Need need, std::string& value, const char* help) {
  command_.add_option(name, value, help)->required(need == Need::Required);
}

void Options::flag(const char* names, bool& given, const char* help) {
  command_.add_flag(names, given, help);
}

void Options::text(const char* names, const char* word, std::string& value, const char* help) {
  command_.add_option(names, value, help)->type_name(word);
}

void Options::text(const char* names, const char* word, std::optional<std::string>& value, const char* help) {
  command_.add_option(names, value, help)->type_name(word);
}

void Options::number(const char* names, const char* word, std::optional<int>& value, Least least,
                     const char* help) {
  CLI::Option* option = command_.add_option(names, value, help)->type_name(word);
  if (least == Least::One)
    option->check(CLI::PositiveNumber);
  else
    option->check(CLI::NonNegativeNumber);
}

void Options::number(const char* names, const char* word, std::optional<int64_t>& value, const char* help) {
  command_.add_option(names, value, help)->type_name(word);
}

void Options::exclude(const char* one, const char* other) {
  command_.get_option(one)->excludes(command_.get_option(other));
}

void Options::parsed(const char* names, const char* word, Parse parse, const char* help, Times times) {
  const std::string all = names;
  Text& text = *texts_.emplace_back(std::make_unique<Text>());
  text.option = all.substr(all.find("--"));
  text.parse = std::move(parse);
  CLI::Option* option = times == Times::Once ? command_.add_option(names, text.once, help)
                                             : command_.add_option(names, text.often, help);
  option->type_name(word);
}

void Options::parsed_argument(const char* name, Parse parse, const char* help) {
  Text& text = *texts_.emplace_back(std::make_unique<Text>());
  text.parse = std::move(parse);
  command_.add_option(name, text.once, help)->required();
}

void Options::command_behind_dashes(std::vector<std::string>& command, const char* help) {
  behind_dashes_ = &command;
  command_.footer(help);
}

Status Options::understand(const std::vector<std::string>& behind_dashes) {
  if (!behind_dashes.empty()) {
    if (behind_dashes_ == nullptr)
      return fail(ErrorKind::Invalid, command_.get_name() + " takes no command after `--`",
                  "only `rollctl deploy` takes one");
    *behind_dashes_ = behind_dashes;
  }
  for (const auto& text : texts_) {
    std::vector<std::string> given = text->often;
    if (!text->once.empty()) given.push_back(text->once);
    for (const std::string& one : given)
      if (Status understood = text->parse(one); !understood)
        return fail(text->option.empty() ? understood.error()
                                         : with_context(understood.error(), text->option));
  }
  return {};
}

}  // namespace rollctl
