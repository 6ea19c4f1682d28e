// SPDX-License-Identifier: MIT
#include "config/environment.h"

#include <fmt/format.h>

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

Result<std::string> unquoted(std::string_view text) {
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return std::string(text);
  const char quote = text.front();
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      if (i + 1 == text.size()) return value;
      return fail(ErrorKind::Invalid, "unexpected text after the closing quote");
    }
    const bool escape = quote == '"' && text[i] == '\\' && i + 1 < text.size();
    if (!escape) {
      value += text[i];
      continue;
    }
    const char next = text[++i];
    if (next == 'n')
      value += '\n';
    else if (next == '"' || next == '\\' || next == '$' || next == '`')
      value += next;
    else
      value.append("\\").push_back(next);
  }
  return fail(ErrorKind::Invalid, "the closing quote is missing");
}

}  // namespace

Result<Environment> parse_env_file(std::string_view text, const std::string& source) {
  Environment environment;
  for (int line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view rest = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (rest.empty() || rest.front() == '#') continue;

    const auto wrong = [&](const std::string& problem) {
      return fail(ErrorKind::Invalid, fmt::format("{}:{}: {}", source, line, problem));
    };
    constexpr std::string_view kExport = "export ";
    if (rest.starts_with(kExport)) rest = trimmed(rest.substr(kExport.size()));
    const size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return wrong("a line must be NAME=value");
    if (rest.find('\0') != std::string_view::npos) return wrong("contains a NUL character");
    const std::string name(trimmed(rest.substr(0, equals)));
    if (auto status = check_env_name(name); !status) return wrong(status.error().message);
    auto value = unquoted(trimmed(rest.substr(equals + 1)));
    if (!value) return wrong(value.error().message);
    environment.insert_or_assign(name, std::move(*value));
  }
  return environment;
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
