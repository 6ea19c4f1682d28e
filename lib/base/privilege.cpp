// SPDX-License-Identifier: MIT
#include "base/privilege.h"

#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace rollctl {

bool is_privileged() {
  return ::getauxval(AT_SECURE) != 0 || is_set_id();
}

bool is_set_id() {
  return ::getuid() != ::geteuid() || ::getgid() != ::getegid();
}

bool has_capability(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  return (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

std::optional<uid_t> sudo_caller() {
  const char* value = ::geteuid() == 0 ? ::secure_getenv("SUDO_UID") : nullptr;
  if (value == nullptr) return std::nullopt;
  const std::string_view text(value);
  uid_t uid = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (bad != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return uid;
}

}  // namespace rollctl
