// SPDX-License-Identifier: MIT
#include "rollctl/hook_runner.h"

#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "probe/exec_child.h"

namespace roll {

namespace {

ExitStatus reap(const ProcessRef& process) {
  siginfo_t info{};
  ExitStatus status;
  if (::waitid(P_PIDFD, static_cast<id_t>(process.fd()), &info, WEXITED) != 0) return status;
  if (info.si_code == CLD_EXITED) {
    status.code = info.si_status;
  } else {
    status.signal = info.si_status;
  }
  return status;
}

}  // namespace

struct HookRunner::Running {
  ExecChild child;
  std::function<void(Result<ExitStatus>)> done;
  Watch output;
  Watch exit;
};

HookRunner::HookRunner(Loop& loop, Sink& output) : loop_(loop), output_(output) {}
HookRunner::~HookRunner() = default;

void HookRunner::run(const std::vector<std::string>& argv, const std::vector<std::string>& env,
                     std::function<void(Result<ExitStatus>)> done) {
  ProbeSpec command;
  command.kind = ProbeKind::Exec;
  command.command = argv;
  command.env = env;
  auto child = start_exec_child(command);
  if (!child) {
    later_ = loop_.after(Micros(0), [done = std::move(done), error = child.error()] { done(fail(error)); });
    return;
  }
  running_ = std::make_unique<Running>(Running{std::move(*child), std::move(done), {}, {}});
  running_->output = loop_.on_readable(running_->child.output.get(), [this] { copy_output(); });
  running_->exit = loop_.on_readable(running_->child.process.fd(), [this] {
    copy_output();
    const auto ended = std::move(running_);
    ended->done(reap(ended->child.process));
  });
}

void HookRunner::copy_output() {
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(running_->child.output.get(), buffer, sizeof buffer);
    if (got == 0) running_->output.reset();
    if (got <= 0) return;
    output_.write({buffer, static_cast<size_t>(got)});
  }
}

}  // namespace roll
