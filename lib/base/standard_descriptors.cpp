// SPDX-License-Identifier: MIT
#include "base/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace rollctl {

// open() returns the lowest free number.
Status open_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    if (::open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd)
      return fail(last_os_failure("cannot open /dev/null as descriptor " + std::to_string(fd)));
  }
  return {};
}

}  // namespace rollctl
