// SPDX-License-Identifier: MIT
#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/own_file.h"

namespace rollctl {

namespace {

// The last holder may have removed the file after this process
// opened it. A lock on a file without a path locks nobody out.
bool is_file_at(int fd, const std::string& path) {
  struct stat ours{};
  struct stat theirs{};
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &theirs) == 0 && ours.st_dev == theirs.st_dev &&
         ours.st_ino == theirs.st_ino;
}

}  // namespace

Result<std::optional<FileLock>> FileLock::try_acquire(const std::string& path) {
  for (;;) {
    auto fd = open_own_file(path, O_RDWR | O_CREAT, 0600);
    if (!fd) return fail(fd.error());
    while (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      if (errno != EINTR) return fail(last_os_failure("cannot lock " + path));
    }
    if (is_file_at(fd->get(), path)) return std::optional<FileLock>(FileLock(std::move(*fd)));
  }
}

Result<std::string> FileLock::read_holder(const std::string& path) {
  auto text = read_own_file(path, 65536);
  if (!text && text.error().kind == ErrorKind::NotFound) return std::string();
  return text;
}

Status FileLock::describe_holder(const std::string& text) {
  if (::ftruncate(fd_.get(), 0) != 0 || ::lseek(fd_.get(), 0, SEEK_SET) != 0)
    return fail(last_os_failure("cannot write the lock file"));
  return write_all(fd_.get(), text);
}

}  // namespace rollctl
