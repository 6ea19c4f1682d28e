// SPDX-License-Identifier: MIT
#include "deploy/recovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "state/surplus.h"

namespace rollctl {

Remedy decide_remedy(const Change& change) {
  if (change.withdraws()) return Remedy::Finish;
  if (change.being_undone) return Remedy::Undo;
  const bool all_came = std::includes(change.shifted_in.begin(), change.shifted_in.end(),
                                      change.starting.begin(), change.starting.end());
  if (change.makes_generation()) {
    // Batches: the traffic has moved when the last of the new instances came into the rotation.
    const int before = change.command == AppCommand::Promote ? 1 : 0;  // the canary
    const bool last_came = static_cast<int>(change.shifted_in.size()) + before >= change.instances;
    // With a canary the last of the new ones come together with the old ones' leaving.
    const bool has_canary = change.canary > 0 || change.command == AppCommand::Promote;
    const bool moved = last_came && all_came && (!has_canary || !change.shifted_out.empty());
    return moved ? Remedy::Finish : Remedy::Undo;
  }
  // Some leave: whoever came into the rotation came back, when the change took itself back.
  if (!change.shifted_out.empty()) return change.shifted_in.empty() ? Remedy::Finish : Remedy::Undo;
  return all_came && !change.starting.empty() ? Remedy::Finish : Remedy::Undo;
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

// Does it serve when this is over?
bool Recovery::belongs(const Member& member) const {
  const Change* change = request_.history.unfinished();
  // One that returned may not have been told yet to which generation it belongs now.
  const bool returned = request_.remedy == Remedy::Finish && change != nullptr &&
                        change->shifted_in.contains(member.id) && change->makes_generation();
  if (wanted() == 0 || (member.generation != request_.spec.generation && !returned)) return false;
  if (member.state == InstanceState::Draining || member.gone() || member.state == InstanceState::Failed)
    return false;
  // It never came into the rotation: what an earlier recovery had begun to start.
  const bool is_new = member.state == InstanceState::Starting || member.state == InstanceState::Ready;
  if (is_new && !(change != nullptr && change->shifted_in.contains(member.id))) return false;
  if (change == nullptr || request_.remedy == Remedy::Nothing) return true;
  if (request_.remedy == Remedy::Undo) return !change->starting.contains(member.id);
  return !change->shifted_out.contains(member.id);
}

// Nothing was interrupted: what stands by stands by, and a canary is somebody's to decide about.
bool Recovery::is_kept(const Member& member) const {
  return request_.remedy == Remedy::Nothing &&
         (member.state == InstanceState::Standby || member.state == InstanceState::Canary);
}

void Recovery::sort_out() {
  for (const auto& [id, member] : fleet_.members()) {
    if (is_kept(member)) {
      (member.state == InstanceState::Canary ? canaries_ : standby_).push_back(id);
    } else if (belongs(member)) {
      stay_.insert(id);
      if (member.generation != request_.spec.generation) acts_.adopt(id, request_.spec.generation);
    } else {
      go_.push_back(id);
    }
  }
  // Of those that a shim brought back unasked, or that were never drained.
  std::vector<ServingInstance> serving;
  for (InstanceId id : stay_) serving.push_back({id, request_.spec.generation});
  for (InstanceId id : surplus_of(serving, request_.spec.generation, wanted())) {
    stay_.erase(id);
    go_.push_back(id);
  }
}

Result<Verdict> Recovery::run() {
  began_ = world_.scheduler.now();
  if (Status discovered = fleet_.discover(); !discovered) return rollctl::fail(discovered.error());
  sort_out();
  return conclude(mend());
}

Ending Recovery::mend() {
  const AppConfig& config = request_.spec.config;
  Traffic traffic{stay_, {}};
  for (InstanceId id : canaries_) {
    traffic.rotation.insert(id);
    traffic.canaries[id] = fleet_.at(id).weight;
  }
  std::vector<InstanceId> outside = go_;
  outside.insert(outside.end(), standby_.begin(), standby_.end());
  if (Ending ending = acts_.gate(traffic, outside); !ending.done()) return ending;
  if (Ending ending = acts_.confirm(); !ending.done()) return ending;
  for (InstanceId id : stay_) fleet_.enter(fleet_.at(id), InstanceState::Serving);

  // Without any instance the host was rebooted, or all were killed: `start` brings them up, not a recovery.
  const int missing = wanted() - static_cast<int>(stay_.size());
  if (missing > 0 && !fleet_.members().empty()) {
    std::vector<InstanceId> fresh;
    if (Ending ending = acts_.launch(request_.spec, missing, config.ready.deadline, fresh, OnInterrupt::Heed);
        !ending.done()) {
      go_.insert(go_.end(), fresh.begin(), fresh.end());
      (void)acts_.begin_drain(go_, {config.drain.signal, config.drain.deadline});
      return ending;
    }
    traffic.rotation.insert(fresh.begin(), fresh.end());
    if (Ending ending = acts_.shift(traffic); !ending.done()) return ending;
  }

  std::vector<InstanceId> settling;
  for (InstanceId id : go_) {
    Member& member = fleet_.at(id);
    if (!member.joined() || member.state == InstanceState::Draining || member.gone()) continue;
    fleet_.enter(member, InstanceState::Settling);
    settling.push_back(id);
  }
  if (Ending ending = acts_.settle(settling, config.drain.settle, OnInterrupt::Ignore); !ending.done())
    return ending;
  if (Ending ending = acts_.begin_drain(go_, {config.drain.signal, config.drain.deadline}); !ending.done())
    return ending;
  if (Ending ending = acts_.await_drained(go_, OnInterrupt::Heed); !ending.done()) return ending;
  if (!canaries_.empty()) return {};
  if (!standby_.empty() || acts_.leaves_handshakes()) {
    acts_.leave_gate(Millis(0));
    return {};
  }
  if (Status lifted = acts_.ungate(); !lifted)
    return {Ending::Kind::HostFailed, 0, lifted.error().message, lifted.error().hint};
  return {};
}

Verdict Recovery::conclude(const Ending& ending) {
  Verdict verdict;
  verdict.command = AppCommand::Recover;
  verdict.app = request_.app;
  verdict.release = request_.spec.release;
  verdict.generation = request_.spec.generation;
  verdict.handover = world_.steering.way();
  verdict.wanted = wanted();
  verdict.serving = static_cast<int>(
      fleet_.which([](const Member& member) { return member.state == InstanceState::Serving; }).size());
  verdict.serving_release = verdict.serving > 0 ? request_.spec.release : "";
  verdict.connections_cut = acts_.connections_cut();
  verdict.left = acts_.left();
  const Change* change = request_.history.unfinished();
  if (change != nullptr && request_.remedy != Remedy::Nothing)
    verdict.reason = fmt::format("the interrupted {} was {}", command_word(change->command),
                                 request_.remedy == Remedy::Undo ? "undone" : "finished");
  if (!ending.done()) {
    verdict.outcome = Outcome::NeedsAttention;
    verdict.reason = ending.reason;
    verdict.hint = ending.hint;
    if (ending.kind == Ending::Kind::Interrupted) verdict.interrupted_by = world_.interrupts.first_signal();
  } else if (verdict.serving < verdict.wanted) {
    verdict.reason = fmt::format("only {} of {} instances serve", verdict.serving, verdict.wanted);
    verdict.hint = fmt::format("run `rollctl start {}`", request_.app);
  }
  verdict.duration = std::chrono::duration_cast<Millis>(world_.scheduler.now() - began_);

  if (change == nullptr || verdict.outcome == Outcome::NeedsAttention) return verdict;
  Recorder of_the_change(world_, change->generation);
  const Outcome ended = request_.remedy == Remedy::Undo ? Outcome::RolledBack : Outcome::Deployed;
  if (Status written = of_the_change.commit(
          events::deploy_finished({ended, verdict.duration, verdict.connections_cut, verdict.reason}));
      !written) {
    verdict.outcome = Outcome::NeedsAttention;
    verdict.reason = written.error().message;
    return verdict;
  }
  // Whatever was going on, the canary has gone with it.
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
