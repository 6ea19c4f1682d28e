// SPDX-License-Identifier: MIT
#include "probe/exec_child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/new_child.h"

namespace roll {

namespace {

enum class Step : int { Descriptors, User, Folder, Program };

struct Report {
  Step step;
  int os_error;
};

std::string step_text(Step step, const ProbeSpec& spec) {
  switch (step) {
    case Step::Descriptors:
      return " (setting up descriptors)";
    case Step::User:
      return fmt::format(" (becoming user {})", spec.credentials ? spec.credentials->uid : 0);
    case Step::Folder:
      return fmt::format(" (changing to \"{}\")", spec.workdir);
    case Step::Program:
      break;
  }
  return {};
}

// Everything between fork and exec: system calls only.
class Child {
 public:
  Child(const ProbeSpec& spec, int output, int report)
      : spec_(spec),
        argv_(exec_pointers(spec.command)),
        env_(exec_pointers(spec.env)),
        output_(output),
        report_(report) {}

  [[noreturn]] void run() {
    setpgid(0, 0);
    reset_signal_handlers();
    unblock_signals();

    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output_, STDOUT_FILENO) < 0 ||
        dup2(output_, STDERR_FILENO) < 0 || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
      give_up(Step::Descriptors);
    if (spec_.credentials) {
      const auto& who = *spec_.credentials;
      const bool other = who.uid != geteuid() || who.gid != getegid();
      if ((geteuid() == 0 && setgroups(who.groups.size(), who.groups.data()) < 0) ||
          (other && (setresgid(who.gid, who.gid, who.gid) < 0 || setresuid(who.uid, who.uid, who.uid) < 0)))
        give_up(Step::User);
    }
    if (chdir(spec_.workdir.empty() ? "/" : spec_.workdir.c_str()) < 0) give_up(Step::Folder);
    // execvp() looks into the PATH of `environ`: the command's own.
    environ = env_.data();
    execvp(argv_[0], argv_.data());
    give_up(Step::Program);
  }

 private:
  [[noreturn]] void give_up(Step step) {
    const Report report{step, errno};
    (void)!write(report_, &report, sizeof report);
    _exit(127);
  }

  const ProbeSpec& spec_;
  std::vector<char*> argv_;
  std::vector<char*> env_;
  int output_;
  int report_;
};

}  // namespace

Result<ExecChild> start_exec_child(const ProbeSpec& spec) {
  if (spec.command.empty()) return fail(ErrorKind::Invalid, "there is no command to ask with");
  const std::string what = "cannot start \"" + spec.command.front() + "\"";
  auto output = make_pipe();
  auto report = make_pipe();
  if (!output) return fail(with_context(output.error(), what));
  if (!report) return fail(with_context(report.error(), what));
  if (auto status = set_nonblocking(output->read.get()); !status)
    return fail(with_context(status.error(), what));

  Child child(spec, output->write.get(), report->write.get());
  const pid_t pid = fork();
  if (pid < 0) return fail(last_os_failure(what));
  if (pid == 0) child.run();
  setpgid(pid, pid);  // in both, so that the group exists whoever runs first
  report->write.reset();

  Report problem{};
  ssize_t got = 0;
  do got = read(report->read.get(), &problem, sizeof problem);
  while (got < 0 && errno == EINTR);
  auto process = ProcessRef::open(pid);
  if (got != sizeof problem && process) return ExecChild{std::move(*process), std::move(output->read)};

  kill(pid, SIGKILL);
  reap(pid);
  if (!process) return fail(with_context(process.error(), what));
  return fail(os_failure(what + step_text(problem.step, spec), problem.os_error));
}

}  // namespace roll
