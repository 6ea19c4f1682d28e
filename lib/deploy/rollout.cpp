// SPDX-License-Identifier: MIT
#include "deploy/rollout.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/duration.h"
#include "deploy/port_check.h"
#include "deploy/rollout_plan.h"
#include "deploy/trouble.h"

namespace rollctl {

namespace {

// An instance that never served has no client's work to finish.
constexpr Millis kUnservedDrain{5000};
// A server that drains closes its listeners at once. Where one does not, the steering stays until it has
// ended.
constexpr Millis kCloseBound{1000};

void append(std::vector<InstanceId>& ids, const std::vector<InstanceId>& more) {
  ids.insert(ids.end(), more.begin(), more.end());
}

bool has_succeeded(const Verdict& verdict) {
  return verdict.outcome == Outcome::Deployed || verdict.outcome == Outcome::Canary ||
         verdict.aim == Verdict::Aim::Back;
}

}  // namespace

Rollout::Rollout(World& world, RolloutRequest request, PlaceInstance place)
    : world_(world),
      request_(std::move(request)),
      recorder_(world, request_.spec.generation),
      fleet_(world, recorder_),
      acts_(world, recorder_, fleet_, request_.spec.config.listen, std::move(place)),
      hooks_(world, recorder_, request_) {}

Result<Plan> Rollout::preview() {
  ROLL_TRY(fleet_.discover());
  before_ = found_traffic(fleet_);
  ROLL_TRY(check_handover(request_, before_, world_.steering));
  Plan plan = plan_rollout(request_, fleet_, before_);
  ROLL_TRY(check_room(plan, request_, fleet_, before_, world_.steering));
  return plan;
}

Result<Verdict> Rollout::run() {
  began_ = world_.scheduler.now();
  ROLL_TRY_ASSIGN(plan_, preview());
  const Act begun = begin();
  const Act changed = begun ? change() : begun;
  if (changed) {
    const Act finished = finish();
    const Verdict verdict = judge_completed(view(), finished, leaving_);
    if (has_succeeded(verdict))
      hooks_.try_run_after("after_deploy", request_.spec.config.hooks.after_deploy, verdict);
    // A hook takes its time.
    return close(judge_completed(view(), finished, leaving_), finished);
  }
  if (ended_as(changed, Ending::Kind::Abandoned))
    return close(judge_given_up(view(), changed.error(), {}), changed);
  const Act undone = begun ? take_back() : Act();
  return close(judge_given_up(view(), changed.error(), undone), undone);
}

Act Rollout::begin() {
  const Step first = plan_.empty() ? Step() : plan_.front();
  const Event started = events::deploy_started(
      {request_.command, request_.spec.release,
       request_.from.empty() ? std::nullopt : std::optional(request_.from),
       request_.shape == RolloutRequest::Shape::Stop ? 0 : request_.instances, world_.steering.way(),
       request_.note, first.canary, first.enter, request_.caller});
  const HookConfig& hook = request_.spec.config.hooks.before_deploy;
  // Without a hook nothing happens before the first intent, which takes this event along to the disk.
  ROLL_TRY(hook.command.empty() ? recorder_.begin(started) : recorder_.commit(started));
  return hooks_.run("before_deploy", hook);
}

Act Rollout::change() {
  if (request_.shape == RolloutRequest::Shape::Promote || request_.shape == RolloutRequest::Shape::Reweigh)
    watch_canaries();
  ROLL_TRY(acts_.traffic.gate(before_, returning(request_, fleet_)));
  acts_.upkeep.begin();
  ROLL_TRY(check_ports());
  ROLL_TRY(end_older_standby());
  for (const Step& step : plan_) ROLL_TRY(replace(step));
  // A canary that is gone left no share to take from it, but the others were told theirs beside it.
  if (request_.shape == RolloutRequest::Shape::Withdraw && before_.canaries.empty())
    ROLL_TRY(acts_.traffic.confirm());
  return attend();
}

// A canary that is promoted, or gets another share, has to live on, as the others that come.
void Rollout::watch_canaries() {
  for (const auto& [id, percent] : before_.canaries) {
    fleet_.at(id).origin = Member::Origin::Promoted;
    fresh_.push_back(id);
  }
}

Act Rollout::replace(const Step& step) {
  std::vector<InstanceId> fresh;
  ROLL_TRY(start(step, fresh));
  ROLL_TRY(acts_.traffic.shift(traffic_after(step, fresh), fresh_));
  ROLL_TRY(watch(step));
  ROLL_TRY(acts_.retirement.settle(step.leave, request_.settle, OnInterrupt::Ignore, fresh_));
  return retire(step.leave);
}

Act Rollout::start(const Step& step, std::vector<InstanceId>& fresh) {
  const auto keep = [&]() -> Act {
    if (request_.keep && &step == &plan_.front()) ROLL_TRY(request_.keep(request_.spec));
    return {};
  };
  const auto earlier = static_cast<std::ptrdiff_t>(fresh_.size());
  ROLL_TRY(acts_.launching.launch(request_.spec, step.launch, request_.ready_deadline, fresh_,
                                  OnInterrupt::Heed, keep));
  fresh.assign(fresh_.begin() + earlier, fresh_.end());
  // A signal that came while nothing waited counts as well.
  ROLL_TRY(check_interrupts(world_));
  for (InstanceId id : step.enter) {
    fleet_.at(id).origin = Member::Origin::Returned;
    fleet_.at(id).generation = request_.spec.generation;
  }
  append(fresh, step.enter);
  append(fresh_, step.enter);
  return {};
}

Traffic Rollout::traffic_after(const Step& step, const std::vector<InstanceId>& fresh) const {
  Traffic traffic = acts_.traffic.current();
  // The others of a canary's release come: it is one of many from now on.
  if (request_.shape == RolloutRequest::Shape::Promote || request_.shape == RolloutRequest::Shape::Replace)
    traffic.canaries.clear();
  traffic.rotation.insert(fresh.begin(), fresh.end());
  for (InstanceId id : step.leave) {
    traffic.rotation.erase(id);
    traffic.canaries.erase(id);
  }
  if (step.canary) traffic.canaries[fresh.empty() ? fresh_.front() : fresh.front()] = *step.canary;
  return traffic;
}

Act Rollout::watch(const Step& step) {
  // After the last shift nothing is undone: a signal only ends the waiting.
  const bool is_last = &step == &plan_.back();
  const auto unless_last = [&](Act act) {
    return is_last && ended_as(act, Ending::Kind::Interrupted) ? Act() : std::move(act);
  };
  if (step.launch > 0 || !step.enter.empty())
    ROLL_TRY(unless_last(hooks_.run("after_shift", request_.spec.config.hooks.after_shift,
                                    [this] { return any_in_trouble(fleet_, fresh_); })));
  // Of a plan with a canary only the canary is watched, before the others follow.
  const bool bakes = step.canary || !plan_.front().canary;
  return unless_last(bake(world_, fleet_, fresh_, bakes ? request_.bake : Millis(0)));
}

Act Rollout::retire(const std::vector<InstanceId>& leaving) {
  if (request_.hold > Millis(0)) {
    append(held_, leaving);
    return {};
  }
  if (!leaving.empty())
    hooks_.try_run("before_drain", request_.spec.config.hooks.before_drain,
                   [this] { return any_in_trouble(fleet_, fresh_); });
  ROLL_TRY(drain(leaving, request_.drain, fresh_));
  // Without steering the kernel may just have moved connections to other listeners: no batch waits for them.
  if (world_.steering.way() != Handover::Steer)
    (void)acts_.retirement.await_closed(leaving, kCloseBound, OnInterrupt::Ignore);
  return {};
}

Act Rollout::drain(const std::vector<InstanceId>& leaving, const DrainOrder& order,
                   const std::vector<InstanceId>& watched) {
  append(leaving_, leaving);
  return acts_.retirement.drain(leaving, order, watched);
}

// Steering that ends with rollctl is of no use to a canary or standby that outlives it: so rollctl stays.
Act Rollout::attend() {
  const bool has_canary =
      request_.shape == RolloutRequest::Shape::Replace && !acts_.traffic.current().canaries.empty();
  if (world_.steering.outlives_rollctl() || (!has_canary && held_.empty())) return {};
  if (request_.on_attend) request_.on_attend();
  if (has_canary) ROLL_TRY(attend_canary());
  return held_.empty() ? Act() : attend_standby();
}

Act Rollout::attend_canary() {
  world_.observer.on_warning(
      fmt::format("this host steers only while rollctl runs, so it stays with the canary: `rollctl promote "
                  "{}` in another shell goes on, an interrupt ends the canary",
                  request_.spec.app));
  const auto decided = [&] { return world_.interrupts.told_to_promote() || any_in_trouble(fleet_, fresh_); };
  if (wait_until(world_, decided, TimePoint::max(), OnInterrupt::Heed) != Waited::Satisfied)
    return check_interrupts(world_);
  ROLL_TRY(check_trouble(world_, fleet_, fresh_));
  const std::vector<InstanceId> old = fleet_.which([&](const Member& member) {
    return before_.contains(member.id) && !member.gone() && member.state != InstanceState::Draining;
  });
  const Plan rest = plan_replacement(old, request_.instances, request_.batch, 1);
  const size_t first = plan_.size();
  plan_.insert(plan_.end(), rest.begin(), rest.end());
  for (size_t i = first; i < plan_.size(); ++i) ROLL_TRY(replace(plan_[i]));
  return {};
}

// Here the instant rollback is Ctrl-C.
Act Rollout::attend_standby() {
  world_.observer.on_warning(fmt::format(
      "this host steers only while rollctl runs, so it stays for the {} of the hold: an interrupt returns "
      "to the release before",
      human_duration(request_.hold)));
  ROLL_TRY(bake(world_, fleet_, fresh_, request_.hold));
  return drain(std::exchange(held_, {}), request_.drain, fresh_);
}

Act Rollout::finish() {
  acts_.joining.stop_probing();
  ROLL_TRY(drain(acts_.retirement.stand_by(held_, request_.hold, request_.drain), request_.drain));
  const bool ends_now =
      acts_.retirement.await_closed(leaving_, kCloseBound, OnInterrupt::Ignore) == Waited::Satisfied ||
      acts_.stays_steered();
  if (ends_now) ROLL_TRY(acts_.end_steering(request_.hold));
  if (request_.after_shift == AfterShift::AwaitDrains) {
    const Act drained = acts_.retirement.await_drained(leaving_, OnInterrupt::Heed);
    if (!drained && !ended_as(drained, Ending::Kind::Interrupted)) return drained;
  }
  const bool all_gone =
      std::all_of(leaving_.begin(), leaving_.end(), [&](InstanceId id) { return fleet_.at(id).gone(); });
  if (!ends_now && all_gone) ROLL_TRY(acts_.end_steering(request_.hold));
  if (!ends_now && !all_gone) acts_.leave_steering(request_.hold);
  return {};
}

// Earlier batches are taken back, too: old instances that still stand return to the rotation, and those that
// have gone, or have failed meanwhile, are started again.
Act Rollout::take_back() {
  Traffic back;
  std::vector<InstanceId> going = fresh_;
  std::erase_if(going, [this](InstanceId id) { return before_.is_canary(id); });
  for (InstanceId id : before_.rotation) {
    const InstanceState state = fleet_.at(id).state;
    if (fleet_.at(id).gone() || state == InstanceState::Draining) continue;
    const bool is_replaced = state == InstanceState::Failed && request_.previous && !before_.is_canary(id);
    if (is_replaced) {
      going.push_back(id);
      continue;
    }
    back.rotation.insert(id);
    if (before_.is_canary(id)) back.canaries[id] = before_.canaries.at(id);
  }
  const auto missing = static_cast<int>(before_.rotation.size() - back.rotation.size());
  if (missing > 0 && request_.previous) ROLL_TRY(start_again(missing, back));

  std::vector<InstanceId> reached = acts_.joining.admitted(going);
  std::vector<InstanceId> served;
  for (InstanceId id : going)
    if (acts_.traffic.current().contains(id)) served.push_back(id);
  ROLL_TRY(acts_.traffic.shift(back));
  for (InstanceId id : reached) fleet_.enter(fleet_.at(id), InstanceState::Settling);
  append(served, reached);
  ROLL_TRY(acts_.retirement.settle(served, request_.settle, OnInterrupt::Ignore));
  const DrainOrder unserved{request_.drain.signal, std::min(request_.drain.deadline, kUnservedDrain),
                            DrainStart::Signal, request_.drain.scope};
  ROLL_TRY(drain_and_await(going, served.empty() ? unserved : request_.drain));
  return acts_.end_steering(request_.hold);
}

Act Rollout::start_again(int missing, Traffic& back) {
  std::vector<InstanceId> again;
  const bool gate_failed = acts_.traffic.current() == before_ && world_.steering.rotation().empty();
  Act started = gate_failed ? acts_.traffic.gate(before_, returning(request_, fleet_)) : Act();
  if (started)
    started = acts_.launching.launch(*request_.previous, missing, request_.ready_deadline, again,
                                     OnInterrupt::Ignore);
  back.rotation.insert(again.begin(), again.end());
  if (started || ended_as(started, Ending::Kind::Abandoned)) return started;

  Ending ending = std::move(started).error();
  ending.reason = fmt::format("the old instances could not be started again: {}", ending.reason);
  if (ending.hint.empty())
    ending.hint = "ready instances serve on; run `rollctl deploy` with a release that works";
  // No instance that serves is taken away, only those that never did.
  const std::vector<InstanceId> unserved = fleet_.which([&](const Member& member) {
    return member.origin == Member::Origin::Launched && !acts_.traffic.current().contains(member.id);
  });
  if (drain_and_await(unserved, request_.drain)) (void)acts_.end_steering(request_.hold);
  return fail(std::move(ending));
}

Act Rollout::drain_and_await(const std::vector<InstanceId>& leaving, const DrainOrder& order) {
  ROLL_TRY(acts_.retirement.drain(leaving, order));
  std::vector<InstanceId> all = leaving;
  // Of the earlier ones, those that were told: one that could not be told is back in the rotation.
  std::copy_if(leaving_.begin(), leaving_.end(), std::back_inserter(all),
               [&](InstanceId id) { return fleet_.at(id).state == InstanceState::Draining; });
  return acts_.retirement.await_drained(all, OnInterrupt::Ignore);
}

// From now on a newer release is kept to go back to.
Act Rollout::end_older_standby() {
  if (request_.shape == RolloutRequest::Shape::TopUp && request_.command != AppCommand::Scale) return {};
  const std::vector<InstanceId> back = returning(request_, fleet_);
  std::vector<InstanceId> ending = fleet_.in_state(InstanceState::Standby);
  std::erase_if(ending, [&](InstanceId id) { return std::find(back.begin(), back.end(), id) != back.end(); });
  return drain(ending, request_.drain);
}

Act Rollout::check_ports() {
  if (request_.shape == RolloutRequest::Shape::Stop) return {};
  ROLL_TRY_ASSIGN(const auto ours, acts_.membership.sockets());
  const auto strangers = find_strangers(world_.sockets, request_.spec.app, request_.spec.config.listen, ours);
  if (!strangers.empty()) return fail(strangers.front());
  return {};
}

// `last`: how the last part of the change ended.
Verdict Rollout::close(Verdict verdict, const Act& last) {
  const bool succeeded = has_succeeded(verdict);
  if (!succeeded) hooks_.try_run_after("on_failure", request_.spec.config.hooks.on_failure, verdict);
  verdict.duration = std::chrono::duration_cast<Millis>(world_.scheduler.now() - began_);
  // `rollctl recover` finds a change without an end, and sees how far it got.
  if (ended_as(last, Ending::Kind::Abandoned)) return verdict;
  std::vector<InstanceId> remaining = verdict.draining;
  append(remaining, verdict.standby);
  const Status written =
      recorder_.commit(events::deploy_finished({verdict.outcome, verdict.duration, verdict.connections_cut,
                                                verdict.reason, std::move(remaining), verdict.http}));
  if (written) return verdict;
  world_.observer.on_warning(written.error().message);
  if (!succeeded) return verdict;
  // The change stands, but the next command takes it for unfinished.
  verdict.outcome = Outcome::NeedsAttention;
  verdict.reason = written.error().message;
  verdict.hint = "free some space, then run `rollctl recover`";
  return verdict;
}

}  // namespace rollctl
