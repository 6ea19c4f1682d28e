// SPDX-License-Identifier: MIT
#include "app/file_logs.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string_view>

#include "base/clock.h"
#include "process/log_file.h"
#include "state/log_time.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestLine = size_t{1} << 20;
constexpr std::string_view kSuffix = ".log";

// Changes that inotify(7) does not tell of: a folder that comes, a file on another file system's side.
constexpr Micros kTick{500'000};
constexpr size_t kRemembered = 64;

uint64_t inode_of(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
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
  std::erase_if(ids, [this](InstanceId id) { return !shows_(id); });
  return ids;
}

std::vector<LogLine> FileLogs::last_lines(const LogPart& part) {
  std::vector<LogLine> all;
  for (const InstanceId id : ids()) {
    File& file = files_[id];
    auto lines = timed_lines_of(id, path(id), part, &file.shown);
    all.insert(all.end(), std::move_iterator(lines.begin()), std::move_iterator(lines.end()));
  }
  return merge_logs(std::move(all), part.lines);
}

Status FileLogs::follow(Loop& loop, const FollowedOutput& output, const LogPart& part) {
  loop_ = &loop;
  output_ = &output;
  changes_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!changes_) return fail(last_os_failure("cannot watch " + folder_));
  ROLL_TRY(watch_folder());
  watch_ = loop.on_readable(changes_.get(), [this] { notice_changes(); });
  tick_ = loop.every(kTick, [this] { look(); });
  // What is added meanwhile is found by its size.
  for (const LogLine& line : last_lines(part)) printer_.print(line);
  for (auto& [id, file] : files_) file.inode = inode_of(path(id));
  return {};
}

Status FileLogs::watch_folder() {
  watched_ = inode_of(folder_);
  if (watched_ == 0) return {};
  if (::inotify_add_watch(changes_.get(), folder_.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) <
          0 &&
      errno != ENOENT)
    return fail(last_os_failure("cannot watch " + folder_));
  return {};
}

void FileLogs::look() {
  if (inode_of(folder_) != watched_) {
    files_.clear();
    (void)watch_folder();
  }
  for (const InstanceId id : ids()) {
    struct stat info{};
    if (::lstat(path(id).c_str(), &info) != 0) continue;
    const File& file = files_[id];
    if (file.inode != info.st_ino || file.shown != info.st_size) changed_.insert(id);
  }
  if (!next_) show_new();
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
      if (const auto id = instance_of(buffer + at + sizeof change); id && shows_(*id)) changed_.insert(*id);
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
  std::string before(file.before.size(), '\0');
  const auto remembered = static_cast<int64_t>(before.size());
  const bool is_same =
      file.inode == info.st_ino && info.st_size >= file.shown &&
      ::pread(fd.get(), before.data(), before.size(), file.shown - remembered) == remembered &&
      before == file.before;
  if (!is_same) file = {info.st_ino, 0, {}, {}};
  char buffer[65536];
  const ssize_t got = ::pread(fd.get(), buffer, sizeof buffer, file.shown);
  if (got <= 0) return false;
  const std::string_view added(buffer, static_cast<size_t>(got));
  file.shown += got;
  file.before = (file.before + std::string(added.substr(added.size() - std::min(added.size(), kRemembered))));
  if (file.before.size() > kRemembered) file.before.erase(0, file.before.size() - kRemembered);
  file.unfinished.append(added);
  show_lines(id, file);
  return got == static_cast<ssize_t>(sizeof buffer);
}

void FileLogs::show_lines(InstanceId id, File& file) {
  const WallTime now = SystemClock().wall_now();
  const auto print = [&](std::string text) {
    const auto told = time_in_line(text, now);
    printer_.print({id, std::move(text), told.value_or(now), !told.has_value()});
  };
  size_t start = 0;
  for (size_t end = file.unfinished.find('\n'); end != std::string::npos;
       end = file.unfinished.find('\n', start)) {
    print(file.unfinished.substr(start, end - start));
    start = end + 1;
  }
  file.unfinished.erase(0, start);
  if (file.unfinished.size() < kLongestLine) return;
  print(file.unfinished);
  file.unfinished.clear();
}

std::string FileLogs::path(InstanceId id) const {
  return (fs::path(folder_) / (std::to_string(id) + ".log")).string();
}

}  // namespace rollctl
