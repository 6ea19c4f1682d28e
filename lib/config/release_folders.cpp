// SPDX-License-Identifier: MIT
#include "config/release_folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>

#include "base/fd.h"
#include "config/app_file.h"
#include "config/templates.h"

namespace rollctl {

namespace {

constexpr int kMostEntries = 100'000;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

bool is_folder(int parent, const dirent& entry) {
  if (entry.d_type == DT_DIR) return true;
  if (entry.d_type != DT_LNK && entry.d_type != DT_UNKNOWN) return false;
  struct stat status{};
  return ::fstatat(parent, entry.d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

void add_folders_of(const std::string& path, std::set<std::string>& releases) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC));
  const std::unique_ptr<DIR, CloseFolder> folder(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!folder) return;
  const int parent = fd.release();
  for (int seen = 0; seen < kMostEntries; ++seen) {
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) return;
    if (check_release_name(entry->d_name) && is_folder(parent, *entry)) releases.emplace(entry->d_name);
  }
}

}  // namespace

std::set<std::string> release_folders(const AppConfig& config, const std::string& app) {
  std::set<std::string> parents;
  visit_templates(config, [&](const std::string&, const std::string& text, TemplateScope) {
    const size_t place = text.find("{release}");
    if (place == std::string::npos || !text.starts_with('/')) return;
    auto placeholders = hook_placeholders({app, {}, 0}, config);
    const auto before = placeholders.expand(text.substr(0, place));
    if (before && before->ends_with('/')) parents.insert(*before);
  });
  std::set<std::string> releases;
  for (const std::string& parent : parents) add_folders_of(parent, releases);
  return releases;
}

}  // namespace rollctl
