// SPDX-License-Identifier: MIT
#include "app/attended_canary.h"

#include <poll.h>

#include <cerrno>
#include <csignal>

#include "app/signals.h"
#include "base/process_ref.h"
#include "state/app_lock.h"
#include "state/history.h"
#include "state/journal_reader.h"

namespace rollctl {

namespace {

void await_end(const ProcessRef& process) {
  pollfd ended{process.fd(), POLLIN, 0};
  while (::poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
}

Verdict verdict_on(const History& history, const std::string& app, AppCommand command,
                   CanaryDecision decision) {
  const Change& change = history.changes.back();
  Verdict verdict;
  verdict.command = command;
  verdict.app = app;
  verdict.generation = change.generation;
  verdict.connections_cut = change.connections_cut;
  verdict.http = change.http;
  verdict.duration = change.duration;
  verdict.wanted = verdict.serving = history.wanted();
  verdict.serving_release = history.current_release;
  verdict.outcome = change.outcome.value_or(Outcome::NeedsAttention);
  verdict.reason = change.reason;
  verdict.release = change.release;
  if (decision == CanaryDecision::Promote) {
    verdict.from = change.from;
    return verdict;
  }
  // The holder recorded that it took its deploy back (an older one: an interrupt). For `rollctl abort` this
  // is success.
  verdict.from = change.release;
  verdict.release = history.current_release;
  if (verdict.outcome == Outcome::Interrupted || verdict.outcome == Outcome::RolledBack) {
    verdict.outcome = Outcome::RolledBack;
    verdict.aim = Verdict::Aim::Back;
  }
  return verdict;
}

}  // namespace

Result<Verdict> decide_for_holder(const Paths& paths, const std::string& app, AppCommand command,
                                  CanaryDecision decision, const Error& busy) {
  const auto holder = lock_holder(paths.lock(app)).value_or(std::nullopt);
  if (!holder || !holder->attends) return fail(busy);
  const auto process = ProcessRef::open(holder->process);
  if (!process) return fail(busy);
  const Status told = decision == CanaryDecision::Promote ? process->send_signal(SIGUSR1)
                                                          : process->queue_signal(SIGINT, kAbort);
  if (!told) return fail(told.error());
  await_end(*process);

  const auto history = read_history(paths.journal(app), Reach::state());
  if (!history) return fail(history.error());
  if (history->changes.empty()) return fail(busy);
  return verdict_on(*history, app, command, decision);
}

}  // namespace rollctl
