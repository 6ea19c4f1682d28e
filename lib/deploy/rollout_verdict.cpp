// SPDX-License-Identifier: MIT
#include "deploy/rollout_verdict.h"

#include <fmt/format.h>

#include <algorithm>

namespace rollctl {

namespace {

constexpr size_t kLogLinesOfAFailure = 20;

// How the app stands now.
Verdict describe_app(const RolloutView& view) {
  const auto& [world, request, fleet, acts] = view;
  Verdict verdict;
  verdict.command = request.command;
  verdict.app = request.spec.app;
  verdict.release = request.spec.release;
  verdict.generation = request.spec.generation;
  if (!request.from.empty()) verdict.from = request.from;
  verdict.handover = world.steering.way();
  verdict.wanted = request.shape == RolloutRequest::Shape::Stop ? 0 : request.instances;
  verdict.connections_cut = acts.retirement.connections_cut();
  verdict.http = acts.retirement.http_report();
  verdict.left = acts.retirement.left();
  verdict.draining = fleet.in_state(InstanceState::Draining);
  const std::vector<InstanceId> serving = fleet.in_state(InstanceState::Serving);
  verdict.serving = static_cast<int>(serving.size());
  if (!serving.empty()) verdict.serving_release = fleet.at(serving.back()).release;
  std::map<std::string, int> by_release;
  for (InstanceId id : serving) ++by_release[fleet.at(id).release];
  if (by_release.size() > 1) verdict.serving_by_release = std::move(by_release);
  if (!acts.traffic.current().canaries.empty()) {
    const auto& [id, percent] = *acts.traffic.current().canaries.begin();
    verdict.canary = CanaryView{id, fleet.at(id).release, percent};
  }
  verdict.standby = fleet.in_state(InstanceState::Standby);
  verdict.hold = request.hold;
  return verdict;
}

void describe_failure(const Ending& ending, const Fleet& fleet, Verdict& verdict) {
  verdict.reason = ending.reason;
  verdict.hint = ending.hint;
  if (ending.kind != Ending::Kind::InstanceFailed) return;
  const Member& member = fleet.at(ending.instance);
  verdict.failed = FailedInstance{member.id, ending.reason, last_lines_of(member.log, kLogLinesOfAFailure)};
  verdict.reason = fmt::format("instance {}: {}", member.id, ending.reason);
}

}  // namespace

Verdict judge_completed(const RolloutView& view, const Act& finished,
                        const std::vector<InstanceId>& leaving) {
  Verdict verdict = describe_app(view);
  const bool all_gone =
      std::all_of(leaving.begin(), leaving.end(), [&](InstanceId id) { return view.fleet.at(id).gone(); });
  // A signal after the last shift ends the waiting, and nothing else.
  if (view.request.after_shift == AfterShift::AwaitDrains && finished && !all_gone)
    verdict.interrupted_by = view.world.interrupts.first_signal();
  if (!finished) {
    verdict.outcome = Outcome::NeedsAttention;
    describe_failure(finished.error(), view.fleet, verdict);
  } else if (verdict.serving < verdict.wanted) {
    verdict.outcome = Outcome::NeedsAttention;
    verdict.reason = fmt::format("only {} of {} instances serve", verdict.serving, verdict.wanted);
    verdict.hint = fmt::format("see `rollctl status {}` and `rollctl logs {}`", verdict.app, verdict.app);
  } else if (verdict.serving > verdict.wanted && !verdict.canary) {
    verdict.outcome = Outcome::NeedsAttention;
    verdict.reason = fmt::format("{} instances serve, {} are wanted", verdict.serving, verdict.wanted);
    verdict.hint = fmt::format("`rollctl recover {}` drains those that are too many", verdict.app);
  } else if (view.request.shape == RolloutRequest::Shape::Withdraw) {
    // The journal calls a withdrawal that succeeded a rollback.
    verdict.outcome = Outcome::RolledBack;
    verdict.aim = Verdict::Aim::Back;
  } else if (verdict.canary && (view.request.shape == RolloutRequest::Shape::Replace ||
                                view.request.shape == RolloutRequest::Shape::Reweigh)) {
    verdict.outcome = Outcome::Canary;
  }
  return verdict;
}

Verdict judge_given_up(const RolloutView& view, const Ending& ending, const Act& undone) {
  Verdict verdict = describe_app(view);
  describe_failure(ending, view.fleet, verdict);
  const bool interrupted = ending.kind == Ending::Kind::Interrupted;
  const bool withdrawal_failed = view.request.shape == RolloutRequest::Shape::Withdraw && !interrupted;
  if (!undone) {
    verdict.outcome = Outcome::NeedsAttention;
    verdict.reason = fmt::format("{}; undoing it failed: {}", ending.reason, undone.error().reason);
    verdict.hint = undone.error().hint;
  } else if (ending.kind == Ending::Kind::Abandoned || withdrawal_failed) {
    verdict.outcome = Outcome::NeedsAttention;
  } else if (interrupted && view.world.interrupts.told_to_abort()) {
    verdict.outcome = Outcome::RolledBack;
    verdict.reason = fmt::format("ended by `rollctl abort {}`", verdict.app);
  } else if (interrupted) {
    verdict.outcome = Outcome::Interrupted;
    verdict.interrupted_by = view.world.interrupts.first_signal();
  } else {
    verdict.outcome = Outcome::RolledBack;
  }
  return verdict;
}

}  // namespace rollctl
