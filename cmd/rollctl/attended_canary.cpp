// SPDX-License-Identifier: MIT
#include "rollctl/attended_canary.h"

#include <poll.h>

#include <cerrno>
#include <csignal>

#include "base/process_ref.h"
#include "rollctl/run_change.h"
#include "state/app_lock.h"
#include "state/history.h"
#include "state/journal.h"

namespace roll {

namespace {

// SIGUSR1 keeps the canary, SIGINT ends it; 0: that command decides about none.
int decision_of(const CommandLine& line) {
  if (line.verb == "promote") return SIGUSR1;
  const bool withdraws =
      line.verb == "abort" || (line.verb == "rollback" && !line.to_release && !line.to_generation);
  return withdraws ? SIGINT : 0;
}

void await_end(const ProcessRef& process) {
  pollfd ended{process.fd(), POLLIN, 0};
  while (::poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
}

Verdict verdict_on(const History& history, const CommandLine& line, const std::string& app) {
  const Change& change = history.changes.back();
  Verdict verdict;
  verdict.command = line.app_command();
  verdict.app = app;
  verdict.generation = change.generation;
  verdict.connections_cut = change.connections_cut;
  verdict.duration = change.duration;
  verdict.wanted = verdict.serving = history.wanted();
  verdict.serving_release = history.current_release;
  verdict.outcome = change.outcome.value_or(Outcome::NeedsAttention);
  verdict.reason = change.reason;
  verdict.release = change.release;
  if (line.verb == "promote") {
    verdict.from = change.from;
  } else {
    // To that rollctl it was an interrupt; here it is what was asked for.
    verdict.from = change.release;
    verdict.release = history.current_release;
    if (verdict.outcome == Outcome::Interrupted) {
      verdict.outcome = Outcome::RolledBack;
      verdict.aim = Verdict::Aim::Back;
    }
  }
  return verdict;
}

}  // namespace

Result<int> decide_for_holder(const Paths& paths, const std::string& app, const CommandLine& line,
                              const Error& busy, Reporter& reporter) {
  const int signal = decision_of(line);
  const auto holder = lock_holder(paths.lock(app)).value_or(std::nullopt);
  if (signal == 0 || !holder || !holder->attends) return fail(busy);
  const auto process = ProcessRef::open(holder->process);
  if (!process) return fail(busy);
  if (Status told = process->send_signal(signal); !told) return fail(told.error());
  await_end(*process);

  const auto history = read_history(paths.journal(app), Reach::state());
  if (!history) return fail(history.error());
  if (history->changes.empty()) return fail(busy);
  return tell_verdict(verdict_on(*history, line, app),
                      line.traffic.strict ? Strictness::Strict : Strictness::Normal, reporter);
}

}  // namespace roll
