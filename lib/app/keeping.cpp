// SPDX-License-Identifier: MIT
#include "app/keeping.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>

#include "app/file_logs.h"
#include "base/clock.h"
#include "state/generations.h"
#include "state/instance_folders.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

// The newest first.
std::vector<int64_t> kept_generations(const Paths& paths, const std::string& app) {
  std::vector<int64_t> all;
  std::error_code failure;
  const fs::path folder = fs::path(paths.generation(app, 1)).parent_path();
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    const std::string stem = entry.path().stem().string();
    int64_t number = 0;
    const auto [end, bad] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
    const bool is_one = bad == std::errc() && end == stem.data() + stem.size();
    if (is_one && entry.path().extension() == ".json") all.push_back(number);
  }
  std::ranges::sort(all, std::greater());
  return all;
}

std::string release_of(const Paths& paths, const std::string& app, int64_t generation) {
  const auto spec = load_generation(paths, app, generation);
  return spec ? spec->release : std::string();
}

WallTime written(const std::string& file) {
  struct stat info{};
  if (::lstat(file.c_str(), &info) != 0) return WallTime::max();
  return WallTime(std::chrono::seconds(info.st_mtim.tv_sec));
}

void remove_logs(const Paths& paths, const std::string& app, Millis age) {
  const auto folders = list_instance_folders(paths, app);
  if (age <= Millis(0) || !folders) return;
  const WallTime since = SystemClock().wall_now() - age;
  for (const InstanceId id : logged_instances(paths.logs(app))) {
    const bool is_gone = std::ranges::find(*folders, id) == folders->end();
    if (is_gone && written(paths.log(app, id)) < since) (void)::unlink(paths.log(app, id).c_str());
  }
}

}  // namespace

Leftovers find_leftovers(const Paths& paths, const std::string& app, const KeepConfig& keep,
                         const std::set<int64_t>& needed) {
  Leftovers leftovers;
  if (keep.generations == 0) return leftovers;
  std::set<std::string> kept_releases;
  // A needed one that has no file yet is about to get it.
  auto room = static_cast<size_t>(keep.generations);
  room -= std::min(room, needed.size());
  for (const int64_t generation : kept_generations(paths, app)) {
    const bool is_needed = needed.contains(generation);
    if (!is_needed && room == 0) {
      leftovers.generations.push_back(generation);
      continue;
    }
    if (!is_needed) --room;
    kept_releases.insert(release_of(paths, app, generation));
  }
  for (const int64_t generation : leftovers.generations)
    if (const std::string release = release_of(paths, app, generation);
        !release.empty() && !kept_releases.contains(release))
      leftovers.releases.insert(release);
  return leftovers;
}

void remove_leftovers(const Paths& paths, const std::string& app, const KeepConfig& keep,
                      const Leftovers& leftovers) {
  for (const int64_t generation : leftovers.generations)
    (void)::unlink(paths.generation(app, generation).c_str());
  remove_logs(paths, app, keep.logs);
}

}  // namespace rollctl
