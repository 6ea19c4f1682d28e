// SPDX-License-Identifier: MIT
#include "bpf/program_attachment.h"

#include <sys/socket.h>

#include <cerrno>

namespace rollctl {

namespace {

bool has_reuse_port(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, &size) == 0 && value != 0;
}

}  // namespace

Status attach_steer_program(int listener_fd, int program_fd) {
  if (::setsockopt(listener_fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program_fd, sizeof program_fd) == 0)
    return {};
  return fail(last_os_failure("cannot attach the steering program"));
}

Status detach_steer_program(int listener_fd) {
  const int unused = 0;
  if (::setsockopt(listener_fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused) == 0) return {};
  const int failure = errno;
  if (failure == ENOENT) return {};                                  // none is attached
  if (failure == EINVAL && !has_reuse_port(listener_fd)) return {};  // none can be attached
  return fail(os_failure("cannot detach the steering program", failure));
}

}  // namespace rollctl
