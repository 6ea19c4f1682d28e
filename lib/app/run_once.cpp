// SPDX-License-Identifier: MIT
#include "app/run_once.h"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "config/launch.h"
#include "process/child.h"

namespace rollctl {

namespace {

constexpr int kSignalled = 128;

int await(const ProcessRef& process) {
  int status = 0;
  while (::waitpid(process.id().pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
}

}  // namespace

Result<int> run_once(Loop& loop, const GenerationSpec& spec, std::vector<std::string> argv) {
  ROLL_TRY_ASSIGN(OnceLaunch launch, make_once_launch(spec, std::move(argv)));
  ChildSpec child;
  child.argv = std::move(launch.argv);
  child.env = std::move(launch.env);
  child.workdir = std::move(launch.workdir);
  child.credentials = std::move(launch.credentials);
  child.nofile = spec.config.nofile;
  child.streams = ChildSpec::Streams::Callers;
  child.unmarked = ChildSpec::Unmarked::ForShell;
  ROLL_TRY_ASSIGN(const StartedChild started, start_child(child, Start::AtOnce));
  bool has_ended = false;
  const Watch end = loop.on_readable(started.process.fd(), [&] { has_ended = true; });
  std::vector<Watch> signals;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
    signals.push_back(loop.on_signal(signal, [&started, signal] {
      (void)started.process.send_signal(signal);
      ::kill(-started.process.id().pid, signal);
    }));
  (void)loop.run_until([&] { return has_ended; }, TimePoint::max());
  const int status = await(started.process);
  const auto report = read_report(started.report.get());
  if (report && report->failure) return fail(ErrorKind::Failed, describe(*report->failure, child));
  return status;
}

}  // namespace rollctl
