// SPDX-License-Identifier: MIT
#include "support/net_namespace.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "base/fd.h"

namespace rollctl::test {
namespace {

bool has_sys_admin() {
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (syscall(SYS_capget, &header, data) < 0) return false;
  return (data[CAP_SYS_ADMIN / 32].effective >> (CAP_SYS_ADMIN % 32) & 1U) != 0;
}

Status bring_loopback_up() {
  Fd control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control) return fail(last_os_failure("cannot open a socket in the new network namespace"));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (ioctl(control.get(), SIOCGIFFLAGS, &request) < 0) return fail(last_os_failure("cannot look at lo"));
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
  if (ioctl(control.get(), SIOCSIFFLAGS, &request) < 0) return fail(last_os_failure("cannot bring lo up"));
  return {};
}

std::string setting_path(std::string_view name) {
  // Resolved in the namespace of the thread that opens it.
  return "/proc/sys/net/" + std::string(name);
}

}  // namespace

std::optional<std::string> net_namespace_unavailable() {
  if (geteuid() == 0 || has_sys_admin()) return std::nullopt;
  return "needs a network namespace of its own: run it as root";
}

Status enter_net_namespace() {
  if (unshare(CLONE_NEWNET) < 0) return fail(last_os_failure("cannot make a network namespace"));
  return bring_loopback_up();
}

Status write_net_setting(std::string_view name, std::string_view value) {
  std::string path = setting_path(name);
  Fd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return fail(last_os_failure("cannot open " + path));
  if (write(file.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
    return fail(last_os_failure("cannot write \"" + std::string(value) + "\" to " + path));
  }
  return {};
}

Result<std::string> read_net_setting(std::string_view name) {
  std::string path = setting_path(name);
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail(last_os_failure("cannot open " + path));
  auto text = read_all(file.get(), 4096);
  while (text && !text->empty() && text->back() == '\n') text->pop_back();
  return text;
}

}  // namespace rollctl::test
