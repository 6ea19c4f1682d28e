// SPDX-License-Identifier: MIT
#include "config/pinned_release.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "config/env_file.h"
#include "config/placeholders.h"
#include "config/templates.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

// Of the host or of one process, not of a release.
bool is_system_path(std::string_view path) {
  for (const std::string_view folder : {"/dev/", "/proc/", "/sys/", "/run/", "/var/run/"})
    if (path.starts_with(folder)) return true;
  return false;
}

// "DEVICE:INODE:SIZE:SECONDS.NANOSECONDS" of a regular file.
std::optional<std::string> identity_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return fmt::format("{}:{}:{}:{}.{:09}", info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec);
}

std::optional<Environment> variables_of(const std::optional<std::string>& path) {
  if (!path) return std::nullopt;
  const auto text = read_env_file(*path);
  if (!text) return std::nullopt;
  auto parsed = parse_env_file(*text, *path);
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

class Pinning {
 public:
  explicit Pinning(const GenerationSpec& spec)
      : placeholders_(hook_placeholders({spec.app, spec.release, spec.generation}, spec.config)) {}

  // A path to a file: the folders on its way.
  void pin_file(std::string& text) const {
    const auto path = expand(text);
    if (!path) return;
    std::error_code failure;
    const fs::path folder = fs::canonical(path->parent_path(), failure);
    if (!failure && fs::exists(*path, failure)) replace(text, *path, folder / path->filename());
  }

  void pin_folder(std::string& text) const {
    const auto path = expand(text);
    if (!path) return;
    std::error_code failure;
    const fs::path folder = fs::canonical(*path, failure);
    if (!failure) replace(text, *path, folder);
  }

  // Nothing where it differs for each instance.
  [[nodiscard]] std::optional<std::string> expand_text(const std::string& text) const {
    const auto expanded = placeholders_.expand(text);
    return expanded && !expanded->empty() ? std::optional(*expanded) : std::nullopt;
  }

  // The expanded text, if it is an absolute path of the release.
  [[nodiscard]] std::optional<fs::path> expand(const std::string& text) const {
    const auto expanded = placeholders_.expand(text);
    if (!expanded || !expanded->starts_with('/') || is_system_path(*expanded)) return std::nullopt;
    return fs::path(*expanded);
  }

 private:
  static void replace(std::string& text, const fs::path& before, const fs::path& now) {
    if (now != before && !is_system_path(now.string())) text = without_placeholders(now.string());
  }

  Placeholders placeholders_;
};

}  // namespace

void pin_release(GenerationSpec& spec) {
  const Pinning pinning(spec);
  pinning.pin_folder(spec.config.workdir);
  pinning.pin_file(spec.config.env_file);
  for (std::string& word : spec.config.command) pinning.pin_file(word);
  spec.env_file = variables_of(pinning.expand_text(spec.config.env_file));
  spec.files.clear();
  const auto workdir = pinning.expand(spec.config.workdir);
  // Later words may name data, which changes.
  constexpr size_t kProgramAndScript = 2;
  for (size_t i = 0; i < std::min(kProgramAndScript, spec.config.command.size()); ++i) {
    const std::string& word = spec.config.command[i];
    auto path = pinning.expand(word);
    if (!path && workdir && word.find('/') != std::string::npos && !word.starts_with('-'))
      path = pinning.expand((*workdir / word).string());
    if (!path) continue;
    const std::string file = path->lexically_normal().string();
    if (const auto identity = identity_of(file)) spec.files[file] = *identity;
  }
}

std::vector<PinnedPath> pinned_paths(const GenerationSpec& spec) {
  const Pinning pinning(spec);
  std::vector<PinnedPath> paths;
  const auto add = [&](const char* key, const std::string& text, void (Pinning::*pin)(std::string&) const) {
    if (spec.release.empty() && mentions_placeholder(text, "release")) return;
    std::string pinned = text;
    (pinning.*pin)(pinned);
    if (pinned == text) return;
    PinnedPath path{key, pinning.expand(text)->string(), pinning.expand(pinned)->string()};
    // /bin and /sbin are links on every host of today.
    if (path.target != "/usr" + path.path) paths.push_back(std::move(path));
  };
  add("workdir", spec.config.workdir, &Pinning::pin_folder);
  add("env_file", spec.config.env_file, &Pinning::pin_file);
  for (const std::string& word : spec.config.command) add("command", word, &Pinning::pin_file);
  return paths;
}

std::vector<std::string> changed_files(const GenerationSpec& spec) {
  std::vector<std::string> changed;
  for (const auto& [path, identity] : spec.files)
    if (identity_of(path) != identity) changed.push_back(path);
  return changed;
}

}  // namespace rollctl
