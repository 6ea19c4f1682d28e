// SPDX-License-Identifier: MIT
#include "steering/program_attachment.h"

#include <sys/socket.h>

#include <cerrno>

namespace roll {

Status attach_steer_program(int listener_fd, int program_fd) {
  if (::setsockopt(listener_fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program_fd, sizeof program_fd) == 0)
    return {};
  return fail(last_os_failure("cannot attach the steering program"));
}

Status detach_steer_program(int listener_fd) {
  const int unused = 0;
  if (::setsockopt(listener_fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused) == 0) return {};
  // Nothing is attached; EINVAL where the socket has no SO_REUSEPORT, so that nothing can be.
  if (errno == ENOENT || errno == EINVAL) return {};
  return fail(last_os_failure("cannot detach the steering program"));
}

}  // namespace roll
