// SPDX-License-Identifier: MIT
#include "doctor/take_trial.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/fd.h"
#include "base/process_ref.h"

namespace rollctl {

namespace {

// A process that holds a socket until it is killed, or its parent has died.
class Holder {
 public:
  explicit Holder(pid_t pid) : pid_(pid) {}
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

// Whether a process other than its parent can.
bool stranger_can_take(pid_t holder, int fd) {
  const pid_t stranger = ::fork();
  if (stranger < 0) return false;
  if (stranger == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto process = ProcessRef::open(holder);
    ::_exit(process && process->take_fd(fd) ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(stranger, &status, 0) == stranger && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string yama_scope() {
  const Fd fd(::open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC));
  std::string scope = fd ? read_all(fd.get(), 64).value_or(std::string()) : std::string();
  while (!scope.empty() && scope.back() == '\n') scope.pop_back();
  return scope;
}

Result<std::string> take() {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(last_os_failure("cannot open a socket"));
  const pid_t pid = ::fork();
  if (pid < 0) return fail(last_os_failure("cannot fork"));
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  const Holder holder(pid);
  const auto process = ProcessRef::open(holder.pid());
  if (!process) return fail(process.error());
  const std::string scope = yama_scope();
  const std::string yama = scope.empty() ? "" : " (kernel.yama.ptrace_scope is " + scope + ")";
  if (const auto taken = process->take_fd(socket.get()); !taken) {
    Error error = taken.error();
    error.message = "a server's parent cannot take its listeners: " + os_error_text(error.os_error) + yama;
    error.hint = scope == "2" || scope == "3"
                     ? "sysctl -w kernel.yama.ptrace_scope=1"
                     : "allow pidfd_getfd(2): it may be a seccomp filter of the container";
    return fail(std::move(error));
  }
  if (stranger_can_take(holder.pid(), socket.get())) return "also of a server whose shim has died";
  return "of a server whose shim lives" + yama;
}

}  // namespace

HostCheck try_taking_listeners(Millis limit) {
  constexpr const char* kName = "take-listener";
  return check_apart(kName, limit, [] {
    HostCheck check = make_check(kName, take());
    check.need = HostCheck::Need::Always;
    return check;
  });
}

}  // namespace rollctl
