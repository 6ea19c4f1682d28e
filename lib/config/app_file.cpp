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

// "web.toml:3: ready.kind: …"; line 0 is none.
Error at(const std::string& source, int line, const std::string& key, Error error) {
  const auto place = line > 0 ? fmt::format("{}:{}", source, line) : source;
  // What begins so goes on with the key as its subject.
  constexpr std::array kVerbs{"is ", "must ", "has ", "does ", "would "};
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

// Who may write what root is about to trust: everyone whom the file lets, or a folder on the way to it, and
// their owners. Groups that may write into such a folder are its owner's choice.
Status check_writers(const std::string& path, const WalkedPath& found) {
  constexpr mode_t kOthers = S_IWGRP | S_IWOTH;
  const std::string refusal = fmt::format("{}: refused, because", path);
  if ((found.info.st_mode & kOthers) != 0)
    return fail(ErrorKind::Invalid, refusal + " others may write it, and root would run what they write",
                "chmod go-w " + path);
  if (!is_trusted(found.info.st_uid, Trust::RootAndUs))
    return fail(ErrorKind::Invalid,
                fmt::format("{} it belongs to {}, and root would run what that user writes", refusal,
                            user_text(found.info.st_uid)),
                "chown root " + path);
  for (const Steerer& one : found.steerers) {
    if (one.kind == Steerer::Kind::Anybody)
      return fail(ErrorKind::Invalid,
                  fmt::format("{} everybody may write into its folder {}", refusal, one.where),
                  "chmod o-w " + one.where);
    if (one.kind == Steerer::Kind::User)
      return fail(
          ErrorKind::Invalid,
          fmt::format("{} {} can put another file in its place, by {}", refusal, one.name(), one.where),
          "keep it in a folder of root's, as /etc/rollctl");
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
  return fail(ErrorKind::Invalid, fmt::format("'{}' is not the name of an app", name),
              "small letters, digits, - and _, at most 63, a letter or a digit first");
}

Status check_release_name(std::string_view name) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  bool good = !name.empty() && name.size() <= 128 && alphanumeric(name.front());
  for (const char c : name)
    good = good && (alphanumeric(c) || std::string_view("._+~-").find(c) != std::string_view::npos);
  if (good) return {};
  return fail(ErrorKind::Invalid, fmt::format("'{}' is not the name of a release", name),
              "letters, digits and ._+~-, at most 128, a letter or a digit first");
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
