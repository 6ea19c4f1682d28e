// SPDX-License-Identifier: MIT
#include "process/systemd_manager.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/user_name.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

constexpr const char* kHint = "use launcher = \"direct\"";

bool is_named(const fs::path& process, std::string_view name) {
  std::ifstream file(process / "comm");
  std::string comm;
  return std::getline(file, comm) && comm == name;
}

bool shares_namespace(const fs::path& process, const char* kind) {
  const std::string name = std::string("ns/") + kind;
  struct stat mine{};
  struct stat theirs{};
  return ::stat(("/proc/self/" + name).c_str(), &mine) == 0 &&
         ::stat((process / name).c_str(), &theirs) == 0 && mine.st_dev == theirs.st_dev &&
         mine.st_ino == theirs.st_ino;
}

// A manager whose servers this rollctl can reach. Its socket would tell its process, too, but a connection
// that is closed at once makes the manager log a warning.
bool is_manager(const fs::path& process, uid_t uid) {
  struct stat owner{};
  return ::stat(process.c_str(), &owner) == 0 && owner.st_uid == uid && is_named(process, "systemd") &&
         shares_namespace(process, "pid") && shares_namespace(process, "net");
}

bool has_manager(uid_t uid) {
  if (uid == 0) return is_manager("/proc/1", uid);
  std::error_code failure;
  const fs::directory_iterator processes("/proc", failure);
  return std::any_of(begin(processes), end(processes),
                     [&](const fs::directory_entry& process) { return is_manager(process.path(), uid); });
}

Error unsupported(std::string message, std::string hint = kHint) {
  return {ErrorKind::Unsupported, 0, std::move(message), std::move(hint)};
}

}  // namespace

bool is_lingering(uid_t uid) {
  std::error_code failure;
  return fs::exists("/var/lib/systemd/linger/" + user_name(uid), failure);
}

Result<SystemdScope> find_systemd() {
  std::error_code failure;
  if (!fs::is_directory("/run/systemd/system", failure)) return fail(unsupported("no systemd runs here"));
  const uid_t uid = ::geteuid();
  if (uid == 0) {
    if (!has_manager(uid))
      return fail(unsupported("systemd runs in other pid or network namespaces than rollctl"));
    return SystemdScope::System;
  }
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime == nullptr || *runtime == '\0')
    return fail(unsupported("cannot find this user's systemd manager: XDG_RUNTIME_DIR is not set"));
  if (!is_lingering(uid))
    return fail(unsupported(
        "systemd ends the servers of " + user_name(uid) + " at the last log-out: lingering is off",
        "loginctl enable-linger " + user_name(uid)));
  if (!has_manager(uid))
    return fail(unsupported("this user has no systemd manager in rollctl's pid and network namespaces"));
  return SystemdScope::User;
}

}  // namespace rollctl
