// SPDX-License-Identifier: MIT
#include "base/regular_file.h"

#include <fcntl.h>

namespace rollctl {

namespace {

const char* kind_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISLNK(mode)) return "a symbolic link";
  return "a device";
}

}  // namespace

Status check_regular(const struct stat& info, const std::string& path) {
  if (S_ISREG(info.st_mode)) return {};
  return fail(ErrorKind::Invalid, path + " is " + kind_name(info.st_mode) + ", not a regular file");
}

// Through /proc/self/fd: the path may lead to another file by now.
Result<Fd> open_regular(const Fd& found, const std::string& path) {
  struct stat info{};
  if (::fstat(found.get(), &info) != 0) return fail(last_os_failure("cannot look at " + path));
  if (Status regular = check_regular(info, path); !regular) return fail(regular.error());
  const std::string name = "/proc/self/fd/" + std::to_string(found.get());
  Fd file(::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return fail(last_os_failure("cannot open " + path));
  return file;
}

Result<Fd> open_regular(const std::string& path) {
  const Fd found(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!found) return fail(last_os_failure("cannot open " + path));
  return open_regular(found, path);
}

}  // namespace rollctl
