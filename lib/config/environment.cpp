// SPDX-License-Identifier: MIT
#include "config/environment.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/app_rules.h"

namespace rollctl {

const char* const kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlanks) - start + 1);
}

bool is_blank(char c) {
  return kBlanks.find(c) != std::string_view::npos;
}

class EnvFileReader {
 public:
  EnvFileReader(std::string_view text, const std::string& source) : text_(text), source_(source) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  }

  Result<Environment> read() {
    if (text_.find('\0') != std::string_view::npos) {
      line_ += static_cast<int>(std::ranges::count(text_.substr(0, text_.find('\0')), '\n'));
      return wrong("contains a NUL character");
    }
    Environment environment;
    while (!text_.empty()) {
      skip_blanks();
      if (text_.empty()) break;
      if (text_.front() == '\n' || text_.front() == '#') {
        skip_line();
        continue;
      }
      ROLL_TRY_ASSIGN(const std::string name, read_name());
      ROLL_TRY_ASSIGN(std::string value, read_value());
      environment.insert_or_assign(name, std::move(value));
    }
    return environment;
  }

 private:
  [[nodiscard]] tl::unexpected<Error> wrong(const std::string& problem) const {
    return fail(ErrorKind::Invalid, fmt::format("{}:{}: {}", source_, line_, problem));
  }

  void skip_blanks() {
    while (!text_.empty() && is_blank(text_.front())) text_.remove_prefix(1);
  }

  void skip_line() {
    const size_t end = text_.find('\n');
    text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
    ++line_;
  }

  [[nodiscard]] std::string_view rest_of_line() const { return text_.substr(0, text_.find('\n')); }

  // Up to the value's first character.
  Result<std::string> read_name() {
    constexpr std::string_view kExport = "export";
    if (text_.starts_with(kExport) && text_.size() > kExport.size() && is_blank(text_[kExport.size()])) {
      text_.remove_prefix(kExport.size());
      skip_blanks();
    }
    const size_t equals = rest_of_line().find('=');
    if (equals == std::string_view::npos) return wrong("a line must be NAME=value");
    std::string name(trimmed(text_.substr(0, equals)));
    if (auto status = check_env_name(name); !status) return wrong(status.error().message);
    text_.remove_prefix(equals + 1);
    return name;
  }

  Result<std::string> read_value() {
    const bool has_blank = !text_.empty() && is_blank(text_.front());
    skip_blanks();
    if (!text_.empty() && (text_.front() == '"' || text_.front() == '\'')) return read_quoted();
    const std::string_view rest = rest_of_line();
    size_t end = 0;
    while (end < rest.size() && !(rest[end] == '#' && (end == 0 ? has_blank : is_blank(rest[end - 1]))))
      ++end;
    std::string value(trimmed(rest.substr(0, end)));
    skip_line();
    return value;
  }

  Result<std::string> read_quoted() {
    const char quote = text_.front();
    const int first_line = line_;
    text_.remove_prefix(1);
    std::string value;
    for (; !text_.empty() && text_.front() != quote; text_.remove_prefix(1)) {
      if (text_.front() == '\n') ++line_;
      if (quote == '"' && text_.front() == '\\' && text_.size() > 1) {
        text_.remove_prefix(1);
        value += escaped(text_.front());
        if (text_.front() == '\n') ++line_;
      } else if (!text_.starts_with("\r\n")) {
        value += text_.front();
      }
    }
    if (text_.empty()) {
      line_ = first_line;
      return wrong("the closing quote is missing");
    }
    text_.remove_prefix(1);
    const std::string_view behind = trimmed(rest_of_line());
    if (!behind.empty() && behind.front() != '#') return wrong("unexpected text after the closing quote");
    skip_line();
    return value;
  }

  // A backslash at the end of a line joins it with the next.
  static std::string escaped(char c) {
    if (c == 'n') return "\n";
    if (c == '\n') return {};
    if (c == '"' || c == '\\' || c == '$' || c == '`') return {c};
    return {'\\', c};
  }

  std::string_view text_;  // that is left
  const std::string& source_;
  int line_ = 1;
};

}  // namespace

Result<Environment> parse_env_file(std::string_view text, const std::string& source) {
  return EnvFileReader(text, source).read();
}

std::vector<std::string> environment_list(const Environment& environment) {
  std::vector<std::string> list;
  list.reserve(environment.size());
  for (const auto& [name, value] : environment) list.push_back(fmt::format("{}={}", name, value));
  return list;
}

std::string clean_search_path(std::string_view path) {
  std::string clean;
  while (!path.empty()) {
    const size_t end = std::min(path.find(':'), path.size());
    const auto folder = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (!folder.starts_with('/')) continue;
    if (!clean.empty()) clean += ':';
    clean += folder;
  }
  return clean.empty() ? std::string(kUsualPath) : clean;
}

}  // namespace rollctl
