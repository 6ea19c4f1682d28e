// SPDX-License-Identifier: MIT
#include "deploy/recovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "state/surplus.h"

namespace rollctl {

Remedy decide_remedy(const Change& change) {
  // Whether the canary has its new share or the old one, it stands.
  if (change.withdraws() || change.command == AppCommand::Canary) return Remedy::Finish;
  if (change.being_undone) return Remedy::Undo;
  const bool all_came = std::includes(change.shifted_in.begin(), change.shifted_in.end(),
                                      change.starting.begin(), change.starting.end());
  if (change.makes_generation()) {
    // The traffic has moved when the last batch of new instances came into the rotation.
    const int before = change.command == AppCommand::Promote ? 1 : 0;  // the canary
    const bool last_came = static_cast<int>(change.shifted_in.size()) + before >= change.instances;
    // With a canary the last new instances come when the old ones leave.
    const bool has_canary = change.canary.has_value() || change.command == AppCommand::Promote;
    const bool moved = last_came && all_came && (!has_canary || !change.shifted_out.empty());
    return moved ? Remedy::Finish : Remedy::Undo;
  }
  // Some leave: instances that came into the rotation returned to it when the change was taken back.
  if (!change.shifted_out.empty()) return change.shifted_in.empty() ? Remedy::Finish : Remedy::Undo;
  return all_came && !change.starting.empty() ? Remedy::Finish : Remedy::Undo;
}

int64_t generation_after(Remedy remedy, const Change& change, const History& history) {
  // Another share for a canary leaves the release that serves.
  const bool stays = remedy != Remedy::Finish || change.command == AppCommand::Canary;
  return stays ? history.current.value_or(change.generation) : change.generation;
}

Recovery::Recovery(World& world, RecoveryRequest request, PlaceInstance place)
    : world_(world),
      request_(std::move(request)),
      recorder_(world, request_.spec.generation),
      fleet_(world, recorder_),
      acts_(world, recorder_, fleet_, request_.spec.config.listen, std::move(place)) {}

int Recovery::wanted() const {
  const Change* change = request_.history.unfinished();
  if (request_.remedy == Remedy::Finish && change != nullptr)
    return change->command == AppCommand::Stop ? 0 : change->instances;
  return request_.history.wanted();
}

bool Recovery::is_reweighing() const {
  const Change* change = request_.history.unfinished();
  return change != nullptr && change->command == AppCommand::Canary;
}

// Whether a member serves when the recovery is over.
bool Recovery::belongs(const Member& member) const {
  const Change* change = request_.history.unfinished();
  // A standby that returned may not have been told its new generation.
  const bool returned = request_.remedy == Remedy::Finish && change != nullptr &&
                        change->shifted_in.contains(member.id) && change->makes_generation();
  if (wanted() == 0 || (member.generation != request_.spec.generation && !returned)) return false;
  if (member.state == InstanceState::Draining || member.gone() || member.state == InstanceState::Failed)
    return false;
  // One that never came into the rotation was started by an earlier recovery, which was killed.
  const bool is_new = member.state == InstanceState::Starting || member.state == InstanceState::Ready;
  if (is_new && !(change != nullptr && change->shifted_in.contains(member.id))) return false;
  if (change == nullptr || request_.remedy == Remedy::Nothing) return true;
  if (request_.remedy == Remedy::Undo) return !change->starting.contains(member.id);
  return !change->shifted_out.contains(member.id);
}

// Where no change was interrupted, or only another share was given, standbys and canaries stay.
bool Recovery::is_kept(const Member& member) const {
  return (request_.remedy == Remedy::Nothing || is_reweighing()) &&
         (member.state == InstanceState::Standby || member.state == InstanceState::Canary);
}

void Recovery::sort_out() {
  for (const auto& [id, member] : fleet_.members()) {
    if (is_kept(member)) {
      (member.state == InstanceState::Canary ? canaries_ : standby_).push_back(id);
    } else if (belongs(member)) {
      stay_.insert(id);
    } else {
      go_.push_back(id);
    }
  }
  // Surplus ones were brought back by their shims unasked, or an earlier change did not come to drain them.
  std::vector<ServingInstance> serving;
  for (InstanceId id : stay_) serving.push_back({id, request_.spec.generation});
  for (InstanceId id : surplus_of(serving, request_.spec.generation, wanted())) {
    stay_.erase(id);
    go_.push_back(id);
  }
}

Result<Verdict> Recovery::run() {
  began_ = world_.scheduler.now();
  ROLL_TRY(fleet_.discover());
  sort_out();
  return conclude(mend());
}

DrainOrder Recovery::drain_order() const {
  const DrainConfig& drain = request_.spec.config.drain;
  return {drain.signal, drain.deadline, DrainStart::Signal, drain.scope, drain.http, drain.http_silence};
}

Act Recovery::mend() {
  const AppConfig& config = request_.spec.config;
  ROLL_TRY(gate());
  ROLL_TRY(start_missing());
  ROLL_TRY(acts_.retirement.settle(settling(), config.drain.settle, OnInterrupt::Ignore));
  ROLL_TRY(acts_.retirement.drain(go_, drain_order()));
  ROLL_TRY(acts_.retirement.await_drained(go_, OnInterrupt::Heed));
  return acts_.end_steering(Millis(0));
}

// Instances that stay serve from now on, and their shims hear so.
Act Recovery::gate() {
  Traffic traffic{stay_, {}};
  for (InstanceId id : canaries_) {
    traffic.rotation.insert(id);
    traffic.canaries[id] = fleet_.at(id).weight;
  }
  std::vector<InstanceId> outside = go_;
  outside.insert(outside.end(), standby_.begin(), standby_.end());
  ROLL_TRY(acts_.traffic.gate(traffic, outside));
  acts_.upkeep.begin();
  for (InstanceId id : stay_) fleet_.at(id).generation = request_.spec.generation;
  ROLL_TRY(acts_.traffic.confirm());
  for (InstanceId id : stay_) fleet_.enter(fleet_.at(id), InstanceState::Serving);
  return {};
}

// Where no instance is left, the host was rebooted or all were killed: then it is `rollctl start` that starts
// them.
Act Recovery::start_missing() {
  const AppConfig& config = request_.spec.config;
  const int missing = wanted() - static_cast<int>(stay_.size());
  if (missing <= 0 || fleet_.members().empty()) return {};
  std::vector<InstanceId> fresh;
  Act started =
      acts_.launching.launch(request_.spec, missing, config.ready.deadline, fresh, OnInterrupt::Heed);
  if (!started) {
    go_.insert(go_.end(), fresh.begin(), fresh.end());
    (void)acts_.retirement.drain(go_, drain_order());
    return started;
  }
  Traffic traffic = acts_.traffic.current();
  traffic.rotation.insert(fresh.begin(), fresh.end());
  return acts_.traffic.shift(traffic);
}

// Clients may have reached any instance that goes.
std::vector<InstanceId> Recovery::settling() {
  std::vector<InstanceId> ids;
  for (InstanceId id : go_) {
    Member& member = fleet_.at(id);
    if (!member.joined() || member.state == InstanceState::Draining || member.gone()) continue;
    fleet_.enter(member, InstanceState::Settling);
    ids.push_back(id);
  }
  return ids;
}

Verdict Recovery::conclude(const Act& mended) {
  Verdict verdict;
  verdict.command = AppCommand::Recover;
  verdict.app = request_.app;
  verdict.release = request_.spec.release;
  verdict.generation = request_.spec.generation;
  verdict.handover = world_.steering.way();
  verdict.wanted = wanted();
  verdict.serving = static_cast<int>(fleet_.in_state(InstanceState::Serving).size());
  verdict.serving_release = verdict.serving > 0 ? request_.spec.release : "";
  verdict.connections_cut = acts_.retirement.connections_cut();
  verdict.http = acts_.retirement.http_report();
  verdict.left = acts_.retirement.left();
  const Change* change = request_.history.unfinished();
  if (change != nullptr && request_.remedy != Remedy::Nothing)
    verdict.reason = fmt::format("the interrupted {} was {}", command_word(change->command),
                                 request_.remedy == Remedy::Undo ? "undone" : "finished");
  if (!mended) {
    verdict.outcome = Outcome::NeedsAttention;
    verdict.reason = mended.error().reason;
    verdict.hint = mended.error().hint;
    if (ended_as(mended, Ending::Kind::Interrupted))
      verdict.interrupted_by = world_.interrupts.first_signal();
  } else if (verdict.serving < verdict.wanted) {
    verdict.reason = fmt::format("only {} of {} instances serve", verdict.serving, verdict.wanted);
    verdict.hint = fmt::format("run `rollctl start {}`", request_.app);
  }
  verdict.duration = std::chrono::duration_cast<Millis>(world_.scheduler.now() - began_);

  if (change == nullptr || verdict.outcome == Outcome::NeedsAttention) return verdict;
  Recorder of_the_change(world_, change->generation);
  const Outcome ended = request_.remedy == Remedy::Undo ? Outcome::RolledBack
                        : is_reweighing()               ? Outcome::Canary
                                                        : Outcome::Deployed;
  if (Status written = of_the_change.commit(events::deploy_finished(
          {ended, verdict.duration, verdict.connections_cut, verdict.reason, {}, verdict.http}));
      !written) {
    verdict.outcome = Outcome::NeedsAttention;
    verdict.reason = written.error().message;
    return verdict;
  }
  // The canary was undone together with the change.
  if (request_.history.canary && !change->withdraws() && ended == Outcome::RolledBack)
    note_withdrawal(verdict);
  return verdict;
}

void Recovery::note_withdrawal(Verdict& verdict) {
  const StandingCanary& canary = *request_.history.canary;
  events::Started started;
  started.command = AppCommand::Abort;
  started.release = request_.spec.release;
  started.from = canary.release;
  started.instances = verdict.wanted;
  started.handover = world_.steering.way();
  Status written = recorder_.commit(events::deploy_started(started));
  if (written)
    written = recorder_.commit(events::deploy_finished(
        {Outcome::RolledBack, verdict.duration, 0, "withdrawn by `rollctl recover`"}));
  if (!written) world_.observer.on_warning(written.error().message);
}

}  // namespace rollctl
