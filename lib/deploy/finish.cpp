// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "deploy/acts.h"

namespace rollctl {

namespace {

constexpr TimePoint kForever = TimePoint::max();
constexpr Micros kSettlePoll{1000};
constexpr Micros kFirstClosedPoll{200};
constexpr Micros kSlowestClosedPoll{20'000};
constexpr Micros kWakePoll{1000};
constexpr Micros kConnectionPoll{500'000};
// A shim has this long beyond the deadline to say that it is over.
constexpr Millis kDrainSlack{5000};

// Looks at something again and again until it holds, at growing intervals.
class Repeat {
 public:
  Repeat(Scheduler& scheduler, Micros first, Micros slowest, std::function<void()> look)
      : scheduler_(scheduler), delay_(first), slowest_(slowest), look_(std::move(look)) {
    again();
  }

 private:
  void again() {
    timer_ = scheduler_.after(delay_, [this] {
      delay_ = std::min(delay_ * 2, slowest_);
      look_();
      again();
    });
  }

  Scheduler& scheduler_;
  Micros delay_;
  Micros slowest_;
  std::function<void()> look_;
  Watch timer_;
};

}  // namespace

std::vector<InstanceId> Acts::take_out_admitted(const std::vector<InstanceId>& ids) {
  std::vector<InstanceId> out;
  for (InstanceId id : ids) {
    Member& member = fleet_.at(id);
    if (!admits_all_ || !member.joined() || member.leaving()) continue;
    fleet_.enter(member, InstanceState::Settling);
    out.push_back(id);
  }
  return out;
}

Ending Acts::settle(const std::vector<InstanceId>& leaving, Millis bound, OnInterrupt on_interrupt) {
  for (InstanceId id : leaving) {
    Member& member = fleet_.at(id);
    if (member.state == InstanceState::Settling && !member.settlement)
      member.settlement = world_.steering.settle(id, bound);
  }
  const auto look = [&] {
    for (InstanceId id : leaving) {
      Member& member = fleet_.at(id);
      if (!member.settlement) continue;
      const auto result = member.settlement->poll();
      if (!result) continue;
      member.settlement.reset();
      member.settled = gates() && result->left() == 0;
      // Each of them saw the same handshakes, whoever's they are.
      handshakes_left_ = std::max(handshakes_left_, result->handshakes);
      queued_left_ += result->queued;
      recorder_.happened(events::instance_settled(id, *result));
    }
  };
  look();
  // While that looked, they had time to hear of the shift.
  if (Status heard = await_roles(); !heard) return host_failed(heard.error());
  const Repeat looking(world_.scheduler, kSettlePoll, kSettlePoll, look);
  const Waited waited = wait_until(
      world_,
      [&] {
        return std::none_of(leaving.begin(), leaving.end(),
                            [&](InstanceId id) { return fleet_.at(id).settlement != nullptr; });
      },
      kForever, on_interrupt);
  return ending_of(waited, {});
}

void Acts::intend_drain(const std::vector<InstanceId>& leaving) {
  for (InstanceId id : leaving) {
    const Member& member = fleet_.at(id);
    if (member.gone() || member.state == InstanceState::Draining || next_drains_.contains(id)) continue;
    next_drains_.emplace(id, recorder_.intend(events::instance_stopping(id)));
  }
}

Ending Acts::begin_drain(const std::vector<InstanceId>& leaving, const DrainOrder& order) {
  for (InstanceId id : leaving) {
    Member& member = fleet_.at(id);
    if (member.gone() || member.state == InstanceState::Draining) continue;
    intend_drain({id});
    if (Status intended = next_drains_.extract(id).mapped().await(); !intended)
      return {Ending::Kind::HostFailed, id, intended.error().message, intended.error().hint};
    Acknowledgement heard = world_.instances.drain(id, order);
    const size_t connections = world_.instances.connections(id).value_or(0);
    if (Status told = heard.await(); !told)
      return {Ending::Kind::HostFailed, id, told.error().message, told.error().hint};
    let_go_of_steering(member);
    member.connections = connections;
    member.readiness.reset();
    member.look_again.reset();
    member.drain_began = world_.scheduler.now();
    member.drain_deadline = member.drain_began + order.deadline;
    fleet_.enter(member, InstanceState::Draining);
    recorder_.happened(events::instance_draining(id, connections, order.deadline));
  }
  return {};
}

Waited Acts::await_closed(const std::vector<InstanceId>& leaving, Millis bound, OnInterrupt on_interrupt) {
  bool closed = false;
  // A classic program keeps a listener of servers that have ended, for the sake of those that stay.
  const bool nobody_stays = fleet_.which([](const Member& member) { return !member.leaving(); }).empty();
  const auto counts = [&](InstanceId id) { return !nobody_stays || !fleet_.at(id).gone(); };
  // By inode, without taking a duplicate: that would keep open the very socket whose end is awaited.
  const auto look = [&] {
    const auto sockets = world_.instances.listen_sockets();
    closed = sockets && std::none_of(sockets->begin(), sockets->end(), [&](const ListenSocket& socket) {
               return std::any_of(leaving.begin(), leaving.end(), [&](InstanceId id) {
                 const std::vector<uint32_t>& inodes = fleet_.at(id).inodes;
                 return counts(id) && std::find(inodes.begin(), inodes.end(), socket.inode) != inodes.end();
               });
             });
  };
  look();
  const Repeat looking(world_.scheduler, kFirstClosedPoll, kSlowestClosedPoll, look);
  const Waited waited =
      wait_until(world_, [&] { return closed; }, world_.scheduler.now() + bound, on_interrupt);
  const bool all_settled =
      std::all_of(leaving.begin(), leaving.end(), [&](InstanceId id) { return fleet_.at(id).settled; });
  if (waited == Waited::Satisfied && !nobody_stays && !all_settled) wake_stranded(on_interrupt);
  return waited;
}

// Their slots may be used again.
void Acts::forget_gone() {
  for (auto& [id, member] : fleet_.members()) {
    if (!member.gone() || std::exchange(member.forgotten, true)) continue;
    (void)world_.steering.remove(id);
  }
}

void Acts::wake_stranded(OnInterrupt on_interrupt) {
  auto stranded = world_.instances.wake_stranded();
  if (stranded == Instances::Stranded::Over) return;
  const Repeat looking(world_.scheduler, kWakePoll, kWakePoll,
                       [&] { stranded = world_.instances.wake_stranded(); });
  (void)wait_until(world_, [&] { return stranded == Instances::Stranded::Over; }, kForever, on_interrupt);
}

TimePoint Acts::last_deadline(const std::vector<InstanceId>& leaving) const {
  TimePoint last = TimePoint::min();
  for (InstanceId id : leaving) {
    const Member& member = fleet_.at(id);
    if (!member.gone() && member.drain_deadline) last = std::max(last, *member.drain_deadline);
  }
  return last == TimePoint::min() ? world_.scheduler.now() : last;
}

Ending Acts::await_drained(const std::vector<InstanceId>& leaving, OnInterrupt on_interrupt) {
  const Repeat counting(world_.scheduler, kConnectionPoll, kConnectionPoll, [&] {
    for (InstanceId id : leaving) {
      Member& member = fleet_.at(id);
      if (!member.gone()) member.connections = world_.instances.connections(id).value_or(0);
    }
    fleet_.show();
  });
  const auto all_gone = [&] {
    return std::all_of(leaving.begin(), leaving.end(), [&](InstanceId id) { return fleet_.at(id).gone(); });
  };
  Waited waited = Waited::DeadlinePassed;
  for (TimePoint deadline = last_deadline(leaving);;) {
    waited = wait_until(world_, all_gone, deadline + kDrainSlack, on_interrupt);
    // A shim grants its server more time when that asks for it.
    const TimePoint moved = last_deadline(leaving);
    if (waited != Waited::DeadlinePassed || moved <= std::exchange(deadline, moved)) break;
  }
  forget_gone();
  if (waited == Waited::DeadlinePassed) {
    std::vector<InstanceId> left;
    std::copy_if(leaving.begin(), leaving.end(), std::back_inserter(left),
                 [&](InstanceId id) { return !fleet_.at(id).gone(); });
    return {Ending::Kind::HostFailed, 0,
            fmt::format("{} {} did not end although the drain deadline has passed",
                        left.size() == 1 ? "instance" : "instances", fmt::join(left, ", ")),
            "look at the shims with `rollctl status`, then run `rollctl recover`"};
  }
  return ending_of(waited, {});
}

size_t Acts::connections_cut() const {
  size_t cut = 0;
  for (const auto& [id, member] : fleet_.members()) cut += member.connections_cut;
  return cut;
}

}  // namespace rollctl
