// SPDX-License-Identifier: MIT
#include "rollctl/file_logs.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "process/log_file.h"
#include "state/log_tail.h"

namespace roll {

namespace {

namespace fs = std::filesystem;

}  // namespace

std::vector<InstanceId> logged_instances(const std::string& folder) {
  std::vector<InstanceId> ids;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    const std::string name = entry.path().stem().string();
    InstanceId id = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (bad != std::errc() || end != name.data() + name.size() || entry.path().extension() != ".log")
      continue;
    ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<InstanceId> FileLogs::ids() const {
  std::vector<InstanceId> ids = logged_instances(folder_);
  if (only_) std::erase_if(ids, [this](InstanceId id) { return id != *only_; });
  return ids;
}

void FileLogs::show_last(size_t lines) {
  std::vector<std::pair<InstanceId, std::string>> all;
  for (const InstanceId id : ids())
    for (std::string& text : last_lines_of(path(id), lines, &shown_[id]))
      all.emplace_back(id, std::move(text));
  const size_t skip = all.size() > lines ? all.size() - lines : 0;
  for (size_t index = skip; index < all.size(); ++index) printer_.print(all[index].first, all[index].second);
}

Status FileLogs::follow(Loop& loop) {
  std::error_code failure;
  if (!fs::is_directory(folder_, failure)) return {};
  changes_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!changes_ || ::inotify_add_watch(changes_.get(), folder_.c_str(), IN_MODIFY | IN_CREATE) < 0)
    return fail(last_os_failure("cannot watch " + folder_));
  watch_ = loop.on_readable(changes_.get(), [this] {
    char buffer[4096];
    while (::read(changes_.get(), buffer, sizeof buffer) > 0) {
    }
    show_new();
  });
  show_new();
  return {};
}

void FileLogs::show_new() {
  for (const InstanceId id : ids()) {
    int64_t& offset = shown_[id];
    const Fd fd = open_log_to_read(path(id));
    if (!fd) continue;
    char buffer[65536];
    ssize_t got = 0;
    while ((got = ::pread(fd.get(), buffer, sizeof buffer, offset)) > 0) {
      offset += got;
      std::string& rest = unfinished_[id];
      rest.append(buffer, static_cast<size_t>(got));
      for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
        printer_.print(id, rest.substr(0, end));
        rest.erase(0, end + 1);
      }
    }
  }
}

std::string FileLogs::path(InstanceId id) const {
  return (fs::path(folder_) / (std::to_string(id) + ".log")).string();
}

}  // namespace roll
