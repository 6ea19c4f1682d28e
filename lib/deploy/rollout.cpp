// SPDX-License-Identifier: MIT
#include "deploy/rollout.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "deploy/port_check.h"

namespace rollctl {

namespace {

// An instance that never served has nothing of a client's to finish.
constexpr Millis kUnservedDrain{5000};
// A server that drains closes its listeners at once; for one that does not, the gate stays until it has
// ended.
constexpr Millis kCloseBound{1000};

}  // namespace

Rollout::Rollout(World& world, RolloutRequest request, PlaceInstance place)
    : world_(world),
      request_(std::move(request)),
      recorder_(world, request_.spec.generation),
      fleet_(world, recorder_),
      acts_(world, recorder_, fleet_, request_.spec.config.listen, std::move(place)) {}

Result<Verdict> Rollout::run() {
  began_ = world_.scheduler.now();
  if (Status looked = look_around(); !looked) return rollctl::fail(looked.error());
  if (Status able = check_handover(); !able) return rollctl::fail(able.error());
  plan_ = make_plan();
  if (Status fits = check_room(plan_); !fits) return rollctl::fail(fits.error());
  const Ending ending = change();
  if (ending.done()) return conclude(finish(), {});
  if (ending.kind == Ending::Kind::Abandoned) return conclude(ending, ending);
  const Ending undone = touched_ ? take_back() : Ending{};
  return conclude(ending, undone);
}

// The beginning alone changes nothing, and the first intent, which is synced, takes it along to the disk.
Ending Rollout::begin() {
  const events::Started started{request_.command,
                                request_.spec.release,
                                request_.from.empty() ? std::nullopt : std::optional(request_.from),
                                request_.shape == RolloutRequest::Shape::Stop ? 0 : request_.instances,
                                world_.steering.way(),
                                request_.note,
                                plan_.empty() ? 0 : plan_.front().canary,
                                plan_.empty() ? std::vector<InstanceId>() : plan_.front().enter};
  begun_ = true;
  const auto& hook = request_.spec.config.hooks.before_deploy;
  if (hook.empty()) {
    if (Status written = recorder_.begin(events::deploy_started(started)); !written)
      return {Ending::Kind::HostFailed, 0, written.error().message, written.error().hint};
    return {};
  }
  if (Status written = recorder_.commit(events::deploy_started(started)); !written)
    return {Ending::Kind::HostFailed, 0, written.error().message, written.error().hint};
  return run_hook("before_deploy", hook, OnInterrupt::Heed);
}

Ending Rollout::change() {
  if (Ending ending = begin(); !ending.done()) return ending;
  if (!plan_.empty() && plan_.front().launch > 0)
    if (Ending ending = acts_.intend_launch(request_.spec); !ending.done()) return ending;
  touched_ = true;
  if (Ending ending = gate(); !ending.done()) return ending;
  if (Ending ending = check_ports(); !ending.done()) return ending;
  if (Ending ending = end_standby(); !ending.done()) return ending;
  for (const Step& step : plan_) {
    if (Ending ending = replace(step); !ending.done()) return ending;
    ++steps_done_;
  }
  return attend();
}

Ending Rollout::gate() {
  Ending ending = acts_.gate(before_, returning());
  gated_ = ending.done();
  return ending;
}

Ending Rollout::keep() {
  if (!request_.keep || std::exchange(kept_, true)) return {};
  auto kept = request_.keep(request_.spec);
  if (!kept) return host_failed(kept.error());
  kept_on_disk_ = std::move(*kept);
  return {};
}

Ending Rollout::replace(const Step& step) {
  std::vector<InstanceId> fresh;
  Ending ending = acts_.launch(request_.spec, step.launch, request_.ready_deadline, fresh, OnInterrupt::Heed,
                               [this] { return keep(); });
  fresh_.insert(fresh_.end(), fresh.begin(), fresh.end());
  if (!ending.done()) return ending;
  // A signal that came when nothing waited counts as well.
  if (Ending cut = acts_.interruption(); !cut.done()) return cut;

  for (InstanceId id : step.enter) {
    fleet_.at(id).origin = Member::Origin::Returned;
    acts_.adopt(id, request_.spec.generation);
    fresh_.push_back(id);
  }
  Traffic traffic = acts_.traffic();
  if (promotes()) traffic.canaries.clear();
  traffic.rotation.insert(fresh.begin(), fresh.end());
  traffic.rotation.insert(step.enter.begin(), step.enter.end());
  for (InstanceId id : step.leave) {
    traffic.rotation.erase(id);
    traffic.canaries.erase(id);
  }
  if (step.canary > 0) traffic.canaries[fresh.front()] = step.canary;
  const auto& hook = request_.spec.config.hooks.after_shift;
  // With a canary it is the canary that is watched, before the others follow.
  const bool bakes = step.canary > 0 || plan_.front().canary == 0;
  const bool settles_at_once = hook.empty() && !(bakes && request_.bake > Millis(0));
  const std::vector<InstanceId> drained = request_.hold == Millis(0) ? step.leave : std::vector<InstanceId>();
  ending = settles_at_once ? acts_.begin_shift(traffic, drained) : acts_.shift(traffic);
  if (ending.done() && (step.launch > 0 || !step.enter.empty()))
    ending = run_hook("after_shift", hook, OnInterrupt::Ignore);
  if (ending.done()) ending = acts_.bake(fresh_, bakes ? request_.bake : Millis(0));
  // After the last shift nothing is undone: a signal only ends the waiting.
  const bool last = steps_done_ + 1 == plan_.size();
  if (last && ending.kind == Ending::Kind::Interrupted) ending = {};
  if (ending.done()) acts_.intend_drain(drained);
  if (ending.done()) ending = acts_.settle(step.leave, request_.settle, OnInterrupt::Ignore);
  if (ending.done()) ending = acts_.trouble_among(fresh_);
  if (!ending.done()) return ending;
  if (request_.hold > Millis(0)) {
    held_.insert(held_.end(), step.leave.begin(), step.leave.end());
    return {};
  }
  if (!step.leave.empty()) try_hook("before_drain", request_.spec.config.hooks.before_drain);
  leaving_.insert(leaving_.end(), step.leave.begin(), step.leave.end());
  ending = acts_.begin_drain(step.leave, request_.drain);
  // Without steering the kernel may have moved connections to the others just now; nobody is to wait for the
  // next batch.
  if (ending.done() && world_.steering.way() != Handover::Steer)
    (void)acts_.await_closed(step.leave, kCloseBound, OnInterrupt::Ignore);
  return ending;
}

Ending Rollout::finish() {
  // What can be undone is over; without a gate a probe cannot be aimed any more.
  acts_.stop_probing();
  const OnInterrupt heed =
      request_.after_shift == AfterShift::Detach ? OnInterrupt::Ignore : OnInterrupt::Heed;
  const std::vector<InstanceId> unheld = acts_.stand_by(held_, request_.hold, request_.drain);
  leaving_.insert(leaving_.end(), unheld.begin(), unheld.end());
  if (Ending ending = acts_.begin_drain(unheld, request_.drain); !ending.done()) return ending;
  if (stays_steered()) leave_steered();
  const bool closed = acts_.await_closed(leaving_, kCloseBound, OnInterrupt::Ignore) == Waited::Satisfied;
  if (closed && !stays_steered())
    if (Ending ending = lift_gate(); !ending.done()) return ending;
  if (request_.after_shift == AfterShift::AwaitDrains) {
    const Ending ending = acts_.await_drained(leaving_, heed);
    if (ending.kind == Ending::Kind::Abandoned) return ending;
    cut_short_ = ending.kind == Ending::Kind::Interrupted;
    if (!ending.done() && !cut_short_) return ending;
  }
  if (!closed && !stays_steered()) {
    const bool all_gone =
        std::all_of(leaving_.begin(), leaving_.end(), [&](InstanceId id) { return fleet_.at(id).gone(); });
    if (!all_gone) {
      leave_steered();
    } else if (Ending ending = lift_gate(); !ending.done()) {
      return ending;
    }
  }
  try_hook("after_deploy", request_.spec.config.hooks.after_deploy);
  return {};
}

// Somebody listens who shall not get what all the others get, or a handshake shall find its way.
bool Rollout::stays_steered() const {
  return !acts_.traffic().canaries.empty() || !standing_by().empty() || acts_.leaves_handshakes();
}

// And this process is about to end.
void Rollout::leave_steered() {
  if (!acts_.traffic().canaries.empty()) return;  // the shims hold it until somebody decides about the canary
  if (!world_.steering.outlives_rollctl())
    return world_.observer.on_warning(
        "an instance that drains still listens: its port stays steered away from it until the next rollctl "
        "command");
  Millis longest = request_.hold;
  for (InstanceId id : standing_by()) {
    const auto until = fleet_.at(id).standby_until;
    if (until)
      longest = std::max(longest, std::chrono::duration_cast<Millis>(*until - world_.scheduler.now()));
  }
  acts_.leave_gate(longest);
}

std::vector<InstanceId> Rollout::standing_by() const {
  return fleet_.which([](const Member& member) { return member.state == InstanceState::Standby; });
}

// The earlier batches come back, too: what still stands returns to the rotation, what has gone is started
// again.
Ending Rollout::take_back() {
  Traffic back;
  for (InstanceId id : before_.rotation) {
    if (fleet_.at(id).gone() || fleet_.at(id).state == InstanceState::Draining) continue;
    back.rotation.insert(id);
    if (before_.is_canary(id)) back.canaries[id] = before_.canaries.at(id);
  }

  const int missing = static_cast<int>(before_.rotation.size()) - static_cast<int>(back.rotation.size());
  if (missing > 0 && request_.previous) {
    std::vector<InstanceId> again;
    Ending ending = gated_ ? Ending() : gate();
    if (ending.done())
      ending = acts_.launch(*request_.previous, missing, request_.ready_deadline, again, OnInterrupt::Ignore);
    if (ending.kind == Ending::Kind::Abandoned) return ending;
    if (!ending.done()) {
      ending.reason = fmt::format("the instances of before could not be started again: {}", ending.reason);
      if (ending.hint.empty())
        ending.hint = "what is ready serves on; run `rollctl deploy` with a release that works";
      // Nothing that serves is taken away; only what never did.
      const std::vector<InstanceId> unserved = fleet_.which([&](const Member& member) {
        return member.origin == Member::Origin::Launched && !acts_.traffic().contains(member.id);
      });
      if (leave(unserved, request_.drain, OnInterrupt::Ignore).done()) (void)end_gate();
      return ending;
    }
    back.rotation.insert(again.begin(), again.end());
  }

  std::vector<InstanceId> shifted_out;
  for (InstanceId id : fresh_)
    if (acts_.traffic().contains(id)) shifted_out.push_back(id);
  if (Ending ending = acts_.shift(back); !ending.done()) return ending;
  std::ranges::copy(acts_.take_out_admitted(fresh_), std::back_inserter(shifted_out));
  if (Ending ending = acts_.settle(shifted_out, request_.settle, OnInterrupt::Ignore); !ending.done())
    return ending;
  const DrainOrder order =
      shifted_out.empty() ? DrainOrder{request_.drain.signal,
                                       std::min(request_.drain.deadline, kUnservedDrain), DrainStart::Signal}
                          : request_.drain;
  if (Ending ending = leave(fresh_, order, OnInterrupt::Ignore); !ending.done()) return ending;
  return end_gate();
}

Ending Rollout::leave(const std::vector<InstanceId>& leaving, const DrainOrder& order,
                      OnInterrupt on_interrupt) {
  if (Ending ending = acts_.begin_drain(leaving, order); !ending.done()) return ending;
  std::vector<InstanceId> all = leaving;
  // Of the earlier ones, those that were told: one that could not be is back in the rotation.
  std::copy_if(leaving_.begin(), leaving_.end(), std::back_inserter(all),
               [&](InstanceId id) { return fleet_.at(id).state == InstanceState::Draining; });
  return acts_.await_drained(all, on_interrupt);
}

Ending Rollout::end_gate() {
  if (!stays_steered()) return lift_gate();
  leave_steered();
  return {};
}

Ending Rollout::lift_gate() {
  if (Status lifted = acts_.ungate(); !lifted)
    return {Ending::Kind::HostFailed, 0, lifted.error().message,
            "run `rollctl recover` to lift the steering"};
  return {};
}

// It was kept for going back; from now on there is something newer to go back to.
Ending Rollout::end_standby() {
  if (request_.shape == RolloutRequest::Shape::TopUp && request_.command != AppCommand::Scale) return {};
  std::vector<InstanceId> ending = standing_by();
  const std::vector<InstanceId> back = returning();
  std::erase_if(ending, [&](InstanceId id) { return std::find(back.begin(), back.end(), id) != back.end(); });
  leaving_.insert(leaving_.end(), ending.begin(), ending.end());
  return acts_.begin_drain(ending, request_.drain);
}

// Before anything starts.
Ending Rollout::check_ports() {
  if (request_.shape == RolloutRequest::Shape::Stop) return {};
  std::set<uint32_t> ours;
  for (const auto& [id, member] : fleet_.members()) {
    ours.insert(member.inodes.begin(), member.inodes.end());
    if (before_.contains(id)) continue;  // the gate looked at these
    const auto listeners = world_.instances.listeners(id);
    if (!listeners && listeners.error().kind != ErrorKind::NotFound) return host_failed(listeners.error());
    if (!listeners) continue;
    for (const Listener& listener : *listeners) ours.insert(listener.inode);
  }
  const auto strangers =
      find_strangers(world_.instances, request_.spec.app, request_.spec.config.listen, ours);
  return strangers.empty() ? Ending() : host_failed(strangers.front());
}

// The others of its release come.
bool Rollout::promotes() const {
  return request_.shape == RolloutRequest::Shape::Promote || request_.shape == RolloutRequest::Shape::Replace;
}

}  // namespace rollctl
