// SPDX-License-Identifier: MIT
#include "doctor/take_trial.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <span>

#include "base/fd.h"
#include "base/privilege.h"
#include "base/process_ref.h"
#include "net/other_process.h"

namespace rollctl {

namespace {

constexpr uid_t kOtherUser = 65'534;

// A process that holds a socket until it is killed, or its parent has died.
class Holder {
 public:
  // Whose: Other is started like a server with a `user` of its own.
  enum class Whose { Own, Other };
  static Result<std::unique_ptr<Holder>> start(Whose whose) {
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return fail(last_os_failure("cannot open a socket"));
    auto changed = make_pipe();
    if (!changed) return fail(changed.error());
    const pid_t pid = ::fork();
    if (pid < 0) return fail(last_os_failure("cannot fork"));
    if (pid == 0) hold(whose, changed->write.get());
    auto holder = std::unique_ptr<Holder>(new Holder(pid, std::move(socket)));
    changed->write.reset();
    const auto told = read_all(changed->read.get(), 1);
    if (!told || told->empty())
      return fail(ErrorKind::NotPermitted, "rollctl may not change to another user");
    return holder;
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // In both processes.
  [[nodiscard]] int socket() const { return socket_.get(); }

  [[nodiscard]] Status take() const {
    const auto process = ProcessRef::open(pid_);
    if (!process) return fail(process.error());
    const int descriptor = socket();
    auto taken = take_descriptors(*process, std::span(&descriptor, 1));
    return taken.front() ? Status() : fail(taken.front().error());
  }

 private:
  Holder(pid_t pid, Fd socket) : pid_(pid), socket_(std::move(socket)) {}

  [[noreturn]] static void hold(Whose whose, int changed) {
    if (whose == Whose::Other &&
        (::setgroups(0, nullptr) != 0 || ::setresgid(kOtherUser, kOtherUser, kOtherUser) != 0 ||
         ::setresuid(kOtherUser, kOtherUser, kOtherUser) != 0))
      ::_exit(1);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // cleared by the change
    ::prctl(PR_SET_DUMPABLE, 1);         // an exec sets it
    ::prctl(PR_SET_PTRACER, ::getppid(), 0, 0, 0);
    (void)!::write(changed, "x", 1);
    ::close(changed);
    for (;;) ::pause();
  }

  pid_t pid_;
  Fd socket_;
};

// Whether a process other than its parent can.
bool stranger_can_take(const Holder& holder) {
  const pid_t stranger = ::fork();
  if (stranger < 0) return false;
  if (stranger == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(holder.take() ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(stranger, &status, 0) == stranger && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string yama_text() {
  const std::string scope = yama_scope();
  return scope.empty() ? "" : " (kernel.yama.ptrace_scope is " + scope + ")";
}

Result<std::string> take() {
  const auto holder = Holder::start(Holder::Whose::Own);
  if (!holder) return fail(holder.error());
  const std::string yama = yama_text();
  if (const Status taken = (*holder)->take(); !taken) {
    Error error = taken.error();
    error.message = "a server's parent cannot take its listeners: " + os_error_text(error.os_error) + yama;
    const Status available = taking_available(::geteuid(), ::getegid());
    if (!available) error.hint = available.error().hint;
    return fail(std::move(error));
  }
  if (stranger_can_take(**holder)) return "also of a server whose shim has died";
  return "of a server whose shim lives" + yama;
}

Result<std::string> take_of(const Holder& other_users) {
  if (const Status taken = other_users.take(); !taken) {
    Error error = taken.error();
    error.message =
        "the listeners of a server with another `user` cannot be taken: " + os_error_text(error.os_error);
    return fail(std::move(error));
  }
  if (has_capability(CAP_SYS_PTRACE)) return "of a server of any user";
  return "of a server of any user that is dumpable, without CAP_SYS_PTRACE";
}

// Untried where rollctl could start no such server anyway.
HostCheck take_of_other_user(const char* name) {
  const auto holder = Holder::start(Holder::Whose::Other);
  if (holder) return make_check(name, take_of(**holder));
  HostCheck check = make_check(name, fail(holder.error()));
  check.outcome = HostCheck::Outcome::Untried;
  return check;
}

}  // namespace

HostCheck try_taking_listeners(Millis limit) {
  constexpr const char* kName = "take-listener";
  return check_apart(kName, limit, [] { return make_check(kName, take()); });
}

HostCheck try_taking_of_other_user(Millis limit) {
  constexpr const char* kName = "take-as-user";
  return check_apart(kName, limit, [] { return take_of_other_user(kName); });
}

}  // namespace rollctl
