// SPDX-License-Identifier: MIT
// Every ending of a change, told in one place.
#include <fmt/format.h>

#include "deploy/rollout.h"

namespace rollctl {

namespace {

constexpr size_t kLogLinesOfAFailure = 20;

}  // namespace

Verdict Rollout::conclude(const Ending& ending, const Ending& undone) {
  Verdict verdict;
  verdict.command = request_.command;
  verdict.app = request_.spec.app;
  verdict.release = request_.spec.release;
  verdict.generation = request_.spec.generation;
  if (!request_.from.empty()) verdict.from = request_.from;
  verdict.handover = world_.steering.way();
  verdict.wanted = request_.shape == RolloutRequest::Shape::Stop ? 0 : request_.instances;
  verdict.connections_cut = acts_.connections_cut();
  verdict.left = acts_.left();
  verdict.draining =
      fleet_.which([](const Member& member) { return member.state == InstanceState::Draining; });
  if (cut_short_) verdict.interrupted_by = world_.interrupts.first_signal();

  const std::vector<InstanceId> serving =
      fleet_.which([](const Member& member) { return member.state == InstanceState::Serving; });
  verdict.serving = static_cast<int>(serving.size());
  if (!serving.empty()) verdict.serving_release = fleet_.at(serving.back()).release;
  if (!acts_.traffic().canaries.empty()) {
    const auto& [id, percent] = *acts_.traffic().canaries.begin();
    verdict.canary = CanaryView{id, fleet_.at(id).release, percent};
  }
  verdict.standby = standing_by();
  verdict.hold = request_.hold;

  // Rolled back is what the journal calls a withdrawal that succeeded.
  const bool withdrawal_failed = request_.shape == RolloutRequest::Shape::Withdraw && !ending.done() &&
                                 ending.kind != Ending::Kind::Interrupted;
  if (!ending.done() || !undone.done()) describe_failure(ending.done() ? undone : ending, verdict);
  if (ending.done() && verdict.serving < verdict.wanted) {
    verdict.outcome = Outcome::NeedsAttention;
    verdict.reason = fmt::format("only {} of {} instances serve", verdict.serving, verdict.wanted);
    verdict.hint = fmt::format("see `rollctl status {}` and `rollctl logs {}`", verdict.app, verdict.app);
  } else if (ending.done() && verdict.serving > verdict.wanted && !verdict.canary) {
    verdict.outcome = Outcome::NeedsAttention;
    verdict.reason = fmt::format("{} instances serve, {} are wanted", verdict.serving, verdict.wanted);
    verdict.hint = fmt::format("`rollctl recover {}` drains those that are too many", verdict.app);
  } else if (!undone.done() || ending.kind == Ending::Kind::Abandoned ||
             (!ending.done() && !may_be_undone()) || withdrawal_failed) {
    verdict.outcome = Outcome::NeedsAttention;
    if (!undone.done()) {
      verdict.reason = fmt::format("{}; undoing it failed: {}", ending.reason, undone.reason);
      verdict.hint = undone.hint;
    }
  } else if (ending.kind == Ending::Kind::Interrupted) {
    verdict.outcome = Outcome::Interrupted;
    verdict.interrupted_by = world_.interrupts.first_signal();
  } else if (!ending.done()) {
    verdict.outcome = Outcome::RolledBack;
  } else if (request_.shape == RolloutRequest::Shape::Withdraw) {
    verdict.outcome = Outcome::RolledBack;
    verdict.aim = Verdict::Aim::Back;
  } else if (verdict.canary && request_.shape == RolloutRequest::Shape::Replace) {
    verdict.outcome = Outcome::Canary;
  }
  const bool succeeded = verdict.outcome == Outcome::Deployed || verdict.outcome == Outcome::Canary ||
                         verdict.aim == Verdict::Aim::Back;
  if (!succeeded) try_hook("on_failure", request_.spec.config.hooks.on_failure);

  verdict.duration = std::chrono::duration_cast<Millis>(world_.scheduler.now() - began_);
  // Left at once: `recover` finds a change without an ending, and knows how far it got.
  if (ending.kind == Ending::Kind::Abandoned || undone.kind == Ending::Kind::Abandoned) return verdict;
  if (!begun_) return verdict;
  if (kept_on_disk_)
    if (Status kept = kept_on_disk_->await(); !kept) world_.observer.on_warning(kept.error().message);
  const events::Finished finished{verdict.outcome, verdict.duration, verdict.connections_cut, verdict.reason};
  if (Status written = recorder_.commit(events::deploy_finished(finished)); !written) {
    world_.observer.on_warning(written.error().message);
    // What was done stands, but the next command would take it for unfinished.
    if (succeeded) {
      verdict.outcome = Outcome::NeedsAttention;
      verdict.reason = written.error().message;
      verdict.hint = "free some space, then run `rollctl recover`";
    }
  }
  return verdict;
}

void Rollout::describe_failure(const Ending& ending, Verdict& verdict) const {
  verdict.reason = ending.reason;
  verdict.hint = ending.hint;
  if (ending.kind != Ending::Kind::InstanceFailed) return;
  const Member& member = fleet_.at(ending.instance);
  verdict.failed = FailedInstance{member.id, ending.reason, last_lines_of(member.log, kLogLinesOfAFailure)};
  verdict.reason = fmt::format("instance {}: {}", member.id, ending.reason);
}

bool Rollout::may_be_undone() const {
  return attending_ || steps_done_ < plan_.size() || plan_.empty();
}

}  // namespace rollctl
