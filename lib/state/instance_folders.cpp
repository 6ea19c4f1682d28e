// SPDX-License-Identifier: MIT
#include "state/instance_folders.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/folder_removal.h"
#include "base/own_file.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

constexpr mode_t kPassThrough = 0711;
constexpr mode_t kShared = 0755;
constexpr mode_t kPrivate = 0700;

// An earlier version created the folder with the caller's umask, and servers of other users could not pass. A
// folder with another group is left alone: its owner has decided who may pass.
Status let_pass(const std::string& folder) {
  constexpr mode_t kPass = S_IXGRP | S_IXOTH;
  struct stat info{};
  if (::stat(folder.c_str(), &info) != 0) return fail(last_os_failure("cannot look at " + folder));
  const bool is_ours = info.st_uid == ::geteuid() && info.st_gid == ::getegid();
  if (!is_ours || (info.st_mode & kPass) == kPass) return {};
  const mode_t mode = (info.st_mode & ALLPERMS) | kPass;
  return ::chmod(folder.c_str(), mode) == 0
             ? Status()
             : fail(last_os_failure("cannot let servers pass through " + folder));
}

}  // namespace

Result<std::vector<InstanceId>> list_instance_folders(const Paths& paths, const std::string& app) {
  std::vector<InstanceId> ids;
  const Status own = check_own_folder(paths.runtime(app));
  if (!own && own.error().kind == ErrorKind::NotFound) return ids;
  if (!own) return fail(own.error());
  std::error_code failure;
  for (fs::directory_iterator entry(paths.runtime(app), failure);
       !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    InstanceId id = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (bad == std::errc() && end == name.data() + name.size() && id > 0) ids.push_back(id);
  }
  if (failure && failure != std::errc::no_such_file_or_directory)
    return fail(os_failure("cannot list " + paths.runtime(app), failure.value()));
  std::sort(ids.begin(), ids.end());
  return ids;
}

Status make_runtime_folder(const Paths& paths, const std::string& app) {
  if (Status made = make_directories(paths.runtime(app), kShared); !made) return made;
  if (Status passable = let_pass(paths.runtime_dir); !passable) return passable;
  return let_pass(paths.runtime(app));
}

Status claim_instance_folder(const Paths& paths, const std::string& app, InstanceId id) {
  if (Status made = make_runtime_folder(paths, app); !made) return made;
  if (Status made = make_directories(paths.logs(app), paths.log_dir.empty() ? kPrivate : kShared); !made)
    return made;
  const std::string folder = paths.instance(app, id);
  if (::mkdir(folder.c_str(), kPassThrough) != 0) return fail(last_os_failure("cannot claim " + folder));
  return {};
}

// LOCK_SH, so that two callers do not take each other for a shim.
bool is_instance_claimed(const Paths& paths, const std::string& app, InstanceId id) {
  const Fd fd(::open(paths.instance(app, id).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno != ENOENT;
  int locked = 0;
  while ((locked = ::flock(fd.get(), LOCK_SH | LOCK_NB)) != 0 && errno == EINTR) {
  }
  return locked != 0;
}

Result<FolderEnd> remove_instance_folder(const Paths& paths, const std::string& app, InstanceId id) {
  const std::string folder = paths.instance(app, id);
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return FolderEnd::Removed;
  if (!fd) return fail(last_os_failure("cannot open " + folder));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorKind::Busy, folder + " is locked by a shim that is starting", "try again in a moment");
  return discard_folder(folder) ? FolderEnd::Removed : FolderEnd::Stays;
}

}  // namespace rollctl
