// SPDX-License-Identifier: MIT
#include "app/file_logs.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "process/log_file.h"
#include "state/log_tail.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestLine = size_t{1} << 20;
constexpr std::string_view kSuffix = ".log";

int64_t size_of(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_size : 0;
}

std::optional<InstanceId> instance_of(std::string_view name) {
  InstanceId id = 0;
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (bad != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return id;
}

}  // namespace

std::vector<InstanceId> logged_instances(const std::string& folder) {
  std::vector<InstanceId> ids;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure))
    if (const auto id = instance_of(entry.path().filename().native())) ids.push_back(*id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<InstanceId> FileLogs::ids() const {
  std::vector<InstanceId> ids = logged_instances(folder_);
  if (only_) std::erase_if(ids, [this](InstanceId id) { return id != *only_; });
  return ids;
}

void FileLogs::show_last(size_t lines) {
  std::vector<std::pair<InstanceId, std::string>> last_first;
  const std::vector<InstanceId> all = ids();
  for (auto id = all.rbegin(); id != all.rend() && last_first.size() < lines; ++id) {
    auto texts = last_lines_of(path(*id), lines - last_first.size(), &files_[*id].shown);
    for (auto text = texts.rbegin(); text != texts.rend(); ++text)
      last_first.emplace_back(*id, std::move(*text));
  }
  for (auto line = last_first.rbegin(); line != last_first.rend(); ++line)
    printer_.print(line->first, line->second);
}

Status FileLogs::follow(Loop& loop, const FollowedOutput& output, size_t lines) {
  std::error_code failure;
  if (!fs::is_directory(folder_, failure)) return {};
  changes_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!changes_ || ::inotify_add_watch(changes_.get(), folder_.c_str(), IN_MODIFY | IN_CREATE) < 0)
    return fail(last_os_failure("cannot watch " + folder_));
  loop_ = &loop;
  output_ = &output;
  watch_ = loop.on_readable(changes_.get(), [this] { notice_changes(); });
  // Lines added after this size was read arrive as inotify events.
  for (const InstanceId id : ids()) files_[id].shown = size_of(path(id));
  show_last(lines);
  return {};
}

// Reads one buffer per call, here and below: writers may never pause.
void FileLogs::notice_changes() {
  alignas(inotify_event) char buffer[16384];
  const ssize_t got = ::read(changes_.get(), buffer, sizeof buffer);
  for (ssize_t at = 0; at < got;) {
    inotify_event change{};
    std::memcpy(&change, buffer + at, sizeof change);
    if ((change.mask & IN_Q_OVERFLOW) != 0)
      for (const InstanceId id : ids()) changed_.insert(id);
    else if (change.len > 0)
      if (const auto id = instance_of(buffer + at + sizeof change); id && (!only_ || *only_ == *id))
        changed_.insert(*id);
    at += static_cast<ssize_t>(sizeof change + change.len);
  }
  if (!next_) show_new();
}

void FileLogs::show_new() {
  next_.reset();
  if (changed_.empty()) return;
  if (!output_->has_room()) {
    next_ = loop_->after(FollowedOutput::kAskAgain, [this] { show_new(); });
    return;
  }
  // Round robin, so that an instance that logs without pause does not starve the others.
  auto id = changed_.upper_bound(shown_last_);
  if (id == changed_.end()) id = changed_.begin();
  shown_last_ = *id;
  if (!show_some(*id)) changed_.erase(id);
  if (!changed_.empty()) next_ = loop_->after(Micros(0), [this] { show_new(); });
}

// Returns false at the end of the file.
bool FileLogs::show_some(InstanceId id) {
  const Fd fd = open_log_to_read(path(id));
  struct stat info{};
  if (!fd || ::fstat(fd.get(), &info) != 0) return false;
  File& file = files_[id];
  if (info.st_size < file.shown) file = {};  // truncated by a log rotation
  char buffer[65536];
  const ssize_t got = ::pread(fd.get(), buffer, sizeof buffer, file.shown);
  if (got <= 0) return false;
  file.shown += got;
  file.unfinished.append(buffer, static_cast<size_t>(got));
  show_lines(id, file);
  return got == static_cast<ssize_t>(sizeof buffer);
}

void FileLogs::show_lines(InstanceId id, File& file) {
  size_t start = 0;
  for (size_t end = file.unfinished.find('\n'); end != std::string::npos;
       end = file.unfinished.find('\n', start)) {
    printer_.print(id, file.unfinished.substr(start, end - start));
    start = end + 1;
  }
  file.unfinished.erase(0, start);
  if (file.unfinished.size() < kLongestLine) return;
  printer_.print(id, file.unfinished);
  file.unfinished.clear();
}

std::string FileLogs::path(InstanceId id) const {
  return (fs::path(folder_) / (std::to_string(id) + ".log")).string();
}

}  // namespace rollctl
