// SPDX-License-Identifier: MIT
#include "process/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/path_walk.h"

namespace rollctl {

namespace {

constexpr mode_t kForItsGroup = 0640;
constexpr int kCarefully = O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;

Fd refuse() {
  errno = EPERM;
  return {};
}

bool is_of_folders_owner(const struct stat& log, const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return false;
  struct stat folder{};
  return ::stat(path.substr(0, slash + 1).c_str(), &folder) == 0 && folder.st_uid == log.st_uid;
}

}  // namespace

Fd open_log(const std::string& path) {
  Fd log(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | kCarefully, kForItsGroup));
  struct stat info{};
  if (!log || ::fstat(log.get(), &info) != 0) return {};
  const bool is_alone = S_ISREG(info.st_mode) && info.st_nlink <= 1;
  if (!is_alone || !(is_trusted(info.st_uid, Trust::RootAndUs) || is_of_folders_owner(info, path)))
    return refuse();
  // Without O_NONBLOCK: the server inherits these flags.
  if (::fcntl(log.get(), F_SETFL, O_APPEND) != 0) return {};
  return log;
}

Fd open_log_to_read(const std::string& path) {
  Fd log(::open(path.c_str(), O_RDONLY | kCarefully));
  struct stat info{};
  if (!log || ::fstat(log.get(), &info) != 0) return {};
  if (!S_ISREG(info.st_mode) || info.st_nlink > 1) return refuse();
  return log;
}

}  // namespace rollctl
