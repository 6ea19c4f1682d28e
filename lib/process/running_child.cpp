// SPDX-License-Identifier: MIT
#include "process/running_child.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace rollctl {

namespace {

// Nothing if unknown: a tracer can hold the exit status back.
std::optional<ExitStatus> reap(const ProcessRef& process) {
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(process.fd()), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
    return std::nullopt;
  ExitStatus status;
  if (info.si_code == CLD_EXITED) {
    status.code = info.si_status;
  } else {
    status.signal = info.si_status;
  }
  return status;
}

}  // namespace

Result<std::unique_ptr<RunningChild>> RunningChild::start(Loop& loop, ChildSpec spec, Leftovers leftovers,
                                                          Callbacks callbacks) {
  auto output = make_pipe();
  if (!output) return fail(with_context(output.error(), cannot_start(spec)));
  if (Status set = set_nonblocking(output->read.get()); !set)
    return fail(with_context(set.error(), cannot_start(spec)));
  spec.output = output->write.get();
  auto child = start_child(spec, Start::AtOnce);
  if (!child) return fail(child.error());
  return std::unique_ptr<RunningChild>(new RunningChild(
      loop, std::move(spec), std::move(*child), std::move(output->read), leftovers, std::move(callbacks)));
}

RunningChild::RunningChild(Loop& loop, ChildSpec spec, StartedChild child, Fd output, Leftovers leftovers,
                           Callbacks callbacks)
    : loop_(loop),
      spec_(std::move(spec)),
      child_(std::move(child)),
      output_(std::move(output)),
      leftovers_(leftovers),
      callbacks_(std::move(callbacks)),
      on_exit_(loop.on_readable(child_.process.fd(), [this] { exited(); })) {
  resume_output();
}

void RunningChild::resume_output() {
  if (!has_closed_output_ && on_exit_)
    on_output_ = loop_.on_readable(output_.get(), [this] { read_output(); });
}

void RunningChild::read_output() {
  constexpr int kMostAtOnce = 16;  // 64 KiB
  char buffer[4096];
  for (int i = 0; i < kMostAtOnce; ++i) {
    const ssize_t got = ::read(output_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    has_closed_output_ = got == 0;
    if (has_closed_output_) on_output_.reset();
    if (got <= 0) return;
    callbacks_.output({buffer, static_cast<size_t>(got)});
  }
}

void RunningChild::exited() {
  read_output();
  on_exit_.reset();
  on_output_.reset();
  if (leftovers_ == Leftovers::Killed) ::kill(-child_.process.id().pid, SIGKILL);
  const auto status = reap(child_.process);
  const auto ended = std::move(callbacks_.ended);
  const auto report = read_report(child_.report.get());
  if (report && report->failure) return ended(fail(ErrorKind::Failed, describe(*report->failure, spec_)));
  if (!status)
    return ended(fail(ErrorKind::Failed, "\"" + spec_.argv.front() + "\" ended, its exit status is unknown"));
  ended(*status);
}

void RunningChild::end(int signal) {
  if (!on_exit_) return;
  leftovers_ = Leftovers::Killed;
  (void)child_.process.send_signal(signal);
  ::kill(-child_.process.id().pid, signal);
}

// The child first, for it may not lead its group yet. It is not reaped, so pid and group are still its own.
void RunningChild::kill() {
  if (!on_exit_) return;
  on_exit_.reset();
  on_output_.reset();
  (void)child_.process.send_signal(SIGKILL);
  ::kill(-child_.process.id().pid, SIGKILL);
  pollfd ending{child_.process.fd(), POLLIN, 0};
  ::poll(&ending, 1, static_cast<int>(kPatience.count()));
  (void)reap(child_.process);
}

}  // namespace rollctl
