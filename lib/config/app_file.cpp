// SPDX-License-Identifier: MIT
#include "config/app_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/fd.h"
#include "base/path_walk.h"
#include "base/regular_file.h"
#include "base/user_name.h"
#include "config/anchor.h"
#include "config/app_rules.h"
#include "config/templates.h"
#include "config/toml_values.h"

namespace rollctl {

namespace {

constexpr size_t kLargestAppFile = 1024 * 1024;

// "web.toml:3: ready.kind: …"; without a line number if `line` is 0.
Error at(const std::string& source, int line, const std::string& key, Error error) {
  const auto place = line > 0 ? fmt::format("{}:{}", source, line) : source;
  // Messages that start with a verb take the key as their subject.
  constexpr std::array kVerbs{"is ", "must ", "has ", "contains ", "would "};
  const bool verb = std::any_of(kVerbs.begin(), kVerbs.end(),
                                [&](const char* begin) { return error.message.starts_with(begin); });
  const char* joint = verb ? " " : ": ";
  error.message = fmt::format("{}: {}{}{}", place, key, joint, error.message);
  return error;
}

std::string environment(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// Root runs the commands of an app file, so no untrusted user may write or replace it. A group that may write
// into a folder on the path is accepted: the owner of that folder has chosen it.
Status check_writers(const std::string& path, const WalkedPath& found) {
  constexpr mode_t kOthers = S_IWGRP | S_IWOTH;
  const std::string refusal = fmt::format("cannot trust {}:", path);
  if ((found.info.st_mode & kOthers) != 0)
    return fail(ErrorKind::Invalid, refusal + " other users may write it, and root would run their commands",
                "chmod go-w " + path);
  if (!is_trusted(found.info.st_uid, Trust::RootAndUs))
    return fail(ErrorKind::Invalid,
                fmt::format("{} it belongs to {}, and root would run the commands of that user", refusal,
                            user_text(found.info.st_uid)),
                "chown root " + path);
  for (const UntrustedWriter& one : found.untrusted) {
    if (one.kind == UntrustedWriter::Kind::Anybody)
      return fail(ErrorKind::Invalid,
                  fmt::format("{} everybody may write into folder {}", refusal, one.where),
                  "chmod o-w " + one.where);
    if (one.kind == UntrustedWriter::Kind::User)
      return fail(ErrorKind::Invalid,
                  fmt::format("{} {} can replace it, through {}", refusal, one.name(), one.where),
                  "keep it in a folder that only root can change, such as /etc/rollctl");
  }
  return {};
}

}  // namespace

Result<AppConfig> read_app_file(const std::string& path) {
  const std::string what = "cannot read app file " + path;
  const auto found = walk_path(path);
  if (!found) return fail(os_failure(what, found.error().os_error));
  if (!S_ISREG(found->info.st_mode)) return fail(ErrorKind::Invalid, what + ": it is not a regular file");
  if (geteuid() == 0)
    if (auto checked = check_writers(path, *found); !checked) return fail(checked.error());
  const auto file = open_regular(found->entry, path);
  if (!file) return fail(os_failure(what, file.error().os_error));
  auto text = read_all(file->get(), kLargestAppFile);
  if (!text) return fail(with_context(text.error(), what));
  return parse_app_file(*text, path);
}

Result<AppConfig> parse_app_file(std::string_view text, const std::string& source) {
  auto values = read_toml_values(text, source);
  if (!values) return fail(values.error());

  AppConfig config;
  config.source = source;
  config.caller_path = environment("PATH");
  config.caller_lang = environment("LANG");
  for (const auto& [key, value, line] : values->entries)
    if (auto status = key->read(config, value); !status)
      return fail(at(source, line, key->path, status.error()));

  std::error_code failure;
  const auto folder = source.empty() ? std::filesystem::current_path(failure)
                                     : std::filesystem::absolute(source, failure).parent_path();
  anchor_paths(config, folder.string());
  if (auto found = find_breach(config))
    return fail(at(source, values->line_of(found->key), found->key, std::move(found->error)));
  return config;
}

Status check_app_name(std::string_view name) {
  const auto lower_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  bool good = !name.empty() && name.size() <= 63 && lower_or_digit(name.front());
  for (const char c : name) good = good && (lower_or_digit(c) || c == '_' || c == '-');
  if (good) return {};
  return fail(ErrorKind::Invalid, fmt::format("invalid app name '{}'", name),
              "use at most 63 small letters, digits, - and _; start with a letter or digit");
}

Status check_release_name(std::string_view name) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  bool good = !name.empty() && name.size() <= 128 && alphanumeric(name.front());
  for (const char c : name)
    good = good && (alphanumeric(c) || std::string_view("._+~-").find(c) != std::string_view::npos);
  if (good) return {};
  return fail(ErrorKind::Invalid, fmt::format("invalid release name '{}'", name),
              "use at most 128 letters, digits and ._+~-; start with a letter or digit");
}

bool needs_release(const AppConfig& config) {
  bool needed = false;
  visit_templates(config, [&](const std::string& key, const std::string& text, TemplateScope) {
    const bool starts_with_it = key == "command" || key == "workdir" || key.starts_with("env");
    needed = needed || (starts_with_it && mentions_placeholder(text, "release"));
  });
  return needed;
}

}  // namespace rollctl
