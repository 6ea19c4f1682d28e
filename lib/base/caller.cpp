// SPDX-License-Identifier: MIT
#include "base/caller.h"

#include <sys/sysmacros.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string_view>

#include "base/atomic_file.h"
#include "base/privilege.h"
#include "base/user_name.h"

namespace rollctl {

namespace {

constexpr unsigned kConsoles = 4;
constexpr unsigned kFirstPseudoTerminals = 136;
constexpr unsigned kLastPseudoTerminals = 143;
constexpr unsigned kFirstSerial = 64;
constexpr unsigned kMinorsOfOne = 256;

// The kernel's (uid_t)-1: nobody logged in.
std::optional<uid_t> login_of(std::string_view text) {
  uid_t uid = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (failure != std::errc() || uid == static_cast<uid_t>(-1)) return std::nullopt;
  return uid;
}

// The 7th field of proc_pid_stat(5); the 2nd may contain blanks and brackets.
std::string terminal_of(const std::string& stat) {
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(stat.substr(name_end + 1));
  std::string state;
  int parent = 0;
  int group = 0;
  int session = 0;
  int device = 0;
  if (!(fields >> state >> parent >> group >> session >> device) || device == 0) return {};
  const auto number = static_cast<dev_t>(static_cast<unsigned>(device));
  const unsigned major_number = gnu_dev_major(number);
  const unsigned minor_number = gnu_dev_minor(number);
  if (major_number >= kFirstPseudoTerminals && major_number <= kLastPseudoTerminals)
    return "pts/" + std::to_string((major_number - kFirstPseudoTerminals) * kMinorsOfOne + minor_number);
  if (major_number != kConsoles) return {};
  return minor_number < kFirstSerial ? "tty" + std::to_string(minor_number)
                                     : "ttyS" + std::to_string(minor_number - kFirstSerial);
}

// The innermost unit of systemd.
std::string unit_of(std::string_view cgroup) {
  const size_t line = cgroup.find("0::/");
  if (line == std::string_view::npos) return {};
  std::string_view path = cgroup.substr(line + 3);
  path = path.substr(0, path.find('\n'));
  while (!path.empty()) {
    const size_t slash = path.rfind('/');
    const std::string_view name = path.substr(slash + 1);
    if (name.ends_with(".service") || name.ends_with(".scope")) return std::string(name);
    path = path.substr(0, slash);
  }
  return {};
}

std::string text_of(const char* path) {
  return read_file(path).value_or("");
}

}  // namespace

Caller caller_of(const CallerTraces& traces, const std::function<std::string(uid_t)>& name_of) {
  Caller caller;
  if (const auto login = login_of(traces.login_uid))
    caller.user = name_of(*login);
  else if (traces.uid == 0 && !traces.sudo_user.empty())
    caller.user = traces.sudo_user;
  else
    caller.user = name_of(traces.uid);
  caller.via = terminal_of(traces.stat);
  if (caller.via.empty()) caller.via = unit_of(traces.cgroup);
  return caller;
}

Caller find_caller() {
  const char* sudo_user = sudo_caller() ? std::getenv("SUDO_USER") : nullptr;
  return caller_of({text_of("/proc/self/loginuid"), text_of("/proc/self/stat"), text_of("/proc/self/cgroup"),
                    sudo_user == nullptr ? "" : sudo_user, ::getuid()},
                   user_name);
}

}  // namespace rollctl
