// SPDX-License-Identifier: MIT
#include "doctor/private_network.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace rollctl {

namespace {

Status bring_loopback_up() {
  const Fd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control) return fail(last_os_failure("cannot open a socket in a network namespace"));
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", sizeof "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
  if (::ioctl(control.get(), SIOCSIFFLAGS, &request) != 0)
    return fail(last_os_failure("cannot bring up lo in a network namespace"));
  return {};
}

}  // namespace

Status enter_private_network() {
  if (::unshare(CLONE_NEWNET) != 0) {
    if (errno != EPERM) return fail(last_os_failure("cannot make a network namespace"));
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
      return fail(last_os_failure("cannot make a user namespace"));
  }
  return bring_loopback_up();
}

}  // namespace rollctl
