// SPDX-License-Identifier: MIT
#include "process/systemd_manager.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/fd.h"
#include "base/user_name.h"

namespace roll {

namespace {

namespace fs = std::filesystem;

constexpr const char* kHint = "use launcher = \"direct\"";

// The process that listens there, as this pid namespace numbers it: 0 for one outside of it.
Result<pid_t> listening_process(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(ErrorKind::Unsupported, path + " is too long");
  path.copy(address.sun_path, path.size());
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ucred peer{};
  socklen_t size = sizeof peer;
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return fail(last_os_failure("cannot connect to " + path));
  return peer.pid;
}

bool shares_namespace(pid_t other, const char* kind) {
  const std::string name = std::string("/ns/") + kind;
  struct stat mine{};
  struct stat theirs{};
  return ::stat(("/proc/self" + name).c_str(), &mine) == 0 &&
         ::stat(("/proc/" + std::to_string(other) + name).c_str(), &theirs) == 0 &&
         mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino;
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
  std::string folder = "/run/systemd";
  if (uid != 0) {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    if (runtime == nullptr || *runtime == '\0')
      return fail(unsupported("without XDG_RUNTIME_DIR systemd's manager of this user cannot be found"));
    folder = std::string(runtime) + "/systemd";
  }
  const auto manager = listening_process(folder + "/private");
  if (!manager) return fail(unsupported("systemd does not answer: " + manager.error().message));
  if (*manager <= 0 || !shares_namespace(*manager, "pid") || !shares_namespace(*manager, "net"))
    return fail(unsupported("systemd runs in other namespaces than this rollctl"));
  if (uid == 0) return SystemdScope::System;
  if (!is_lingering(uid))
    return fail(unsupported("systemd ends the servers of " + user_name(uid) + " with the last log-out",
                            "loginctl enable-linger " + user_name(uid)));
  return SystemdScope::User;
}

}  // namespace roll
