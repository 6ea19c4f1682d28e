// SPDX-License-Identifier: MIT
#include "base/privilege.h"

#include <sys/auxv.h>
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
