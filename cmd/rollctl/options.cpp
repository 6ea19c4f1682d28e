// SPDX-License-Identifier: MIT
#include "rollctl/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <utility>

namespace rollctl {

namespace {

template <typename Number>
Status read_number(const std::string& text, Number least, Number& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = failure == std::errc() && end == text.data() + text.size();
  if (is_whole && number >= least) return {};
  if (failure == std::errc::result_out_of_range)
    return fail(ErrorKind::Invalid, "the number " + text + " is too large");
  return fail(ErrorKind::Invalid,
              "must be a whole number of at least " + std::to_string(least) + ", not '" + text + "'");
}

}  // namespace

void Options::group(const char* heading) {
  group_ = heading;
}

void Options::add(CLI::Option* option) {
  option->group(group_);
}

void Options::argument(const char* name, Need need, std::string& value, const char* help) {
  command_.add_option(name, value, help)->required(need == Need::Required);
}

void Options::flag(const char* names, bool& given, const char* help) {
  add(command_.add_flag(names, given, help));
}

void Options::text(const char* names, const char* word, std::string& value, const char* help) {
  add(command_.add_option(names, value, help)->type_name(word));
}

void Options::text(const char* names, const char* word, std::optional<std::string>& value, const char* help) {
  add(command_.add_option(names, value, help)->type_name(word));
}

void Options::number(const char* names, const char* word, std::optional<int>& value, Least least,
                     const char* help) {
  const int at_least = least == Least::One ? 1 : 0;
  parsed(
      names, word,
      [&value, at_least](const std::string& text) -> Status {
        int number = 0;
        if (Status read = read_number(text, at_least, number); !read) return read;
        value = number;
        return {};
      },
      help);
}

void Options::number(const char* names, const char* word, std::optional<int64_t>& value, const char* help) {
  parsed(
      names, word,
      [&value](const std::string& text) -> Status {
        int64_t number = 0;
        if (Status read = read_number(text, int64_t{1}, number); !read) return read;
        value = number;
        return {};
      },
      help);
}

void Options::optional_number(const char* name, std::optional<int64_t>& value, const char* help) {
  Text& text = *texts_.emplace_back(std::make_unique<Text>());
  text.option = name;
  text.parse = [&value](const std::string& given) -> Status {
    int64_t number = 0;
    if (Status read = read_number(given, int64_t{1}, number); !read) return read;
    value = number;
    return {};
  };
  command_.add_option(name, text.once, help);
}

void Options::exclude(const char* one, const char* other) {
  command_.get_option(one)->excludes(command_.get_option(other));
}

void Options::parsed(const char* names, const char* word, Parse parse, const char* help, Times times) {
  const std::string all = names;
  Text& text = *texts_.emplace_back(std::make_unique<Text>());
  const size_t long_name = all.find("--");
  text.option = long_name == std::string::npos ? all : all.substr(long_name);
  text.parse = std::move(parse);
  CLI::Option* option = times == Times::Once ? command_.add_option(names, text.once, help)
                                             : command_.add_option(names, text.often, help);
  add(option->type_name(word));
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
                  "only `rollctl deploy` and `rollctl run` take one");
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
