// SPDX-License-Identifier: MIT
#include "deploy/retirement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "deploy/repeat.h"
#include "deploy/trouble.h"

namespace rollctl {

namespace {

constexpr TimePoint kForever = TimePoint::max();
constexpr Micros kSettlePoll{1000};
constexpr Micros kFirstClosedPoll{200};
constexpr Micros kSlowestClosedPoll{20'000};
constexpr Micros kWakePoll{1000};
constexpr Micros kConnectionPoll{500'000};
// A shim has this long beyond the deadline to say that its server has ended.
constexpr Millis kDrainSlack{5000};

}  // namespace

Retirement::Retirement(World& world, Recorder& recorder, Fleet& fleet, Membership& membership,
                       SteeringLeases& leases, const TrafficShift& traffic, Joining& joining)
    : world_(world),
      recorder_(recorder),
      fleet_(fleet),
      membership_(membership),
      leases_(leases),
      traffic_(traffic),
      joining_(joining) {}

Act Retirement::settle(const std::vector<InstanceId>& leaving, Millis bound, OnInterrupt on_interrupt,
                       const std::vector<InstanceId>& watched) {
  // An earlier call was cut short, and its instances were taken back.
  std::erase_if(settlements_, [this](const auto& entry) {
    return fleet_.at(entry.first).state != InstanceState::Settling;
  });
  for (InstanceId id : leaving)
    if (fleet_.at(id).state == InstanceState::Settling && !settlements_.contains(id))
      settlements_.emplace(id, world_.steering.settle(id, bound));
  look_at_settlements();
  const Repeat looking(world_.scheduler, kSettlePoll, kSettlePoll, [this] { look_at_settlements(); });
  const auto settled = [&] { return settlements_.empty() || any_in_trouble(fleet_, watched); };
  const Waited waited = wait_until(world_, settled, kForever, on_interrupt);
  return check_wait(world_, fleet_, waited, watched);
}

void Retirement::look_at_settlements() {
  for (auto next = settlements_.begin(); next != settlements_.end();) {
    const auto current = next++;
    const auto result = current->second->poll();
    if (!result) continue;
    const InstanceId id = current->first;
    settlements_.erase(current);
    if (world_.steering.way() == Handover::Steer && result->is_complete()) settled_.insert(id);
    // Each of them saw the same handshakes, whoever's they are.
    handshakes_left_ = std::max(handshakes_left_, result->handshakes);
    queued_left_ += result->queued;
    recorder_.happened(events::instance_settled(id, *result));
  }
}

std::vector<InstanceId> Retirement::stand_by(const std::vector<InstanceId>& left, Millis duration,
                                             const DrainOrder& drain) {
  std::vector<InstanceId> unheld;
  for (InstanceId id : left) {
    Member& member = fleet_.at(id);
    if (member.gone()) continue;
    RoleOrder role{InstanceState::Standby};
    role.hold = HoldOrder{duration, drain};
    if (Status told = world_.instances.set_role(id, role).await(); !told) {
      world_.observer.on_warning(fmt::format("instance {} cannot stand by: {}", id, told.error().message));
      unheld.push_back(id);
      continue;
    }
    fleet_.enter(member, InstanceState::Standby);
  }
  return unheld;
}

Act Retirement::drain(const std::vector<InstanceId>& leaving, const DrainOrder& order,
                      const std::vector<InstanceId>& watched) {
  // Their ends are awaited by inode. Recycled workers have other sockets by now than when the steering was
  // told.
  membership_.look_at_inodes(leaving);
  // All intents are written first: they reach the disk together.
  std::vector<std::pair<InstanceId, Acknowledgement>> intents;
  for (InstanceId id : leaving)
    if (!fleet_.at(id).gone() && fleet_.at(id).state != InstanceState::Draining)
      intents.emplace_back(id, recorder_.intend(events::instance_stopping(id)));
  for (auto& [id, intent] : intents) ROLL_TRY(intent.await());
  // The disk takes its time, and an order cannot be taken back.
  if (!watched.empty()) ROLL_TRY(check_news(world_, fleet_, watched));
  for (auto& [id, intent] : intents) ROLL_TRY(drain_one(fleet_.at(id), order));
  return {};
}

Act Retirement::drain_one(Member& member, const DrainOrder& order) {
  if (member.gone()) return {};
  if (order.scope == DrainScope::All && !member.tells_all)
    world_.observer.on_warning(fmt::format(
        "instance {}: its roll-shim is older, and tells only the main process to end, not all", member.id));
  if (order.http != HttpDrain::Keep && !member.asks_http)
    world_.observer.on_warning(fmt::format(
        "instance {}: its roll-shim is older or has died, so its clients are not asked to leave", member.id));
  member.drain_scope = member.tells_all ? order.scope : DrainScope::Main;
  Acknowledgement heard = world_.instances.drain(member.id, order);
  const size_t connections = world_.sockets.connections(member.id).value_or(0);
  ROLL_TRY(heard.await());
  // The shims of the rotation hold what outlives rollctl; without it this one has less to do at its end.
  if (!traffic_.current().contains(member.id) && !traffic_.current().rotation.empty())
    leases_.revoke(member.id);
  joining_.stop_probing(member.id);
  member.connections = connections;
  member.drain_began = world_.scheduler.now();
  member.drain_deadline = member.drain_began + order.deadline;
  fleet_.enter(member, InstanceState::Draining);
  recorder_.happened(events::instance_draining(member.id, connections, order.deadline));
  return {};
}

Waited Retirement::await_closed(const std::vector<InstanceId>& leaving, Millis bound,
                                OnInterrupt on_interrupt) {
  bool closed = has_closed(leaving);
  const Repeat looking(world_.scheduler, kFirstClosedPoll, kSlowestClosedPoll,
                       [&] { closed = has_closed(leaving); });
  const Waited waited =
      wait_until(world_, [&] { return closed; }, world_.scheduler.now() + bound, on_interrupt);
  const bool one_stays = !fleet_.which([](const Member& member) { return !member.leaving(); }).empty();
  const bool all_settled =
      std::all_of(leaving.begin(), leaving.end(), [this](InstanceId id) { return settled_.contains(id); });
  if (waited == Waited::Satisfied && one_stays && !all_settled) wake_stranded(on_interrupt);
  return waited;
}

// By inode, without taking a duplicate: that would keep open the very socket whose end is awaited.
bool Retirement::has_closed(const std::vector<InstanceId>& leaving) const {
  const auto sockets = world_.sockets.listen_sockets();
  if (!sockets) return false;
  // A classic program keeps the listeners of servers that have ended for the sake of those that stay.
  const bool one_stays = !fleet_.which([](const Member& member) { return !member.leaving(); }).empty();
  std::set<uint32_t> awaited;
  for (InstanceId id : leaving) {
    const Member& member = fleet_.at(id);
    if (one_stays || !member.gone()) awaited.insert(member.inodes.begin(), member.inodes.end());
  }
  return std::none_of(sockets->begin(), sockets->end(),
                      [&](const ListenSocket& socket) { return awaited.contains(socket.inode); });
}

void Retirement::wake_stranded(OnInterrupt on_interrupt) {
  auto stranded = world_.sockets.wake_stranded();
  if (stranded == InstanceSockets::Stranded::Over) return;
  const Repeat looking(world_.scheduler, kWakePoll, kWakePoll,
                       [&] { stranded = world_.sockets.wake_stranded(); });
  (void)wait_until(
      world_, [&] { return stranded == InstanceSockets::Stranded::Over; }, kForever, on_interrupt);
}

TimePoint Retirement::last_deadline(const std::vector<InstanceId>& leaving) const {
  TimePoint last = TimePoint::min();
  for (InstanceId id : still_there(leaving))
    if (const auto deadline = fleet_.at(id).drain_deadline) last = std::max(last, *deadline);
  return last == TimePoint::min() ? world_.scheduler.now() : last;
}

std::vector<InstanceId> Retirement::still_there(const std::vector<InstanceId>& leaving) const {
  std::vector<InstanceId> ids;
  std::copy_if(leaving.begin(), leaving.end(), std::back_inserter(ids),
               [this](InstanceId id) { return !fleet_.at(id).gone(); });
  return ids;
}

Act Retirement::await_drained(const std::vector<InstanceId>& leaving, OnInterrupt on_interrupt) {
  const Repeat counting(world_.scheduler, kConnectionPoll, kConnectionPoll, [&] {
    for (InstanceId id : still_there(leaving)) look_at_drain(fleet_.at(id));
    fleet_.show();
  });
  const auto all_gone = [&] { return still_there(leaving).empty(); };
  Waited waited = Waited::DeadlinePassed;
  for (TimePoint deadline = last_deadline(leaving);;) {
    waited = wait_until(world_, all_gone, deadline + kDrainSlack, on_interrupt);
    // A shim grants its server more time when that asks for it.
    const TimePoint moved = last_deadline(leaving);
    if (waited != Waited::DeadlinePassed || moved <= std::exchange(deadline, moved)) break;
  }
  membership_.forget_gone();
  if (waited != Waited::DeadlinePassed) return check_wait(world_, fleet_, waited, {});
  const std::vector<InstanceId> left = still_there(leaving);
  return fail(ErrorKind::Failed,
              fmt::format("{} {} did not end although the drain deadline has passed",
                          left.size() == 1 ? "instance" : "instances", fmt::join(left, ", ")),
              "look at the shims with `rollctl status`, then run `rollctl recover`");
}

void Retirement::look_at_drain(Member& member) {
  member.connections = world_.sockets.connections(member.id).value_or(0);
  const auto left = world_.instances.left_processes(member.id);
  if (!left) return;
  member.detail = left->pids.size() == 1
                      ? fmt::format("the main process has ended, {} is left", left->command)
                      : fmt::format("the main process has ended, {} processes are left", left->pids.size());
  if (std::exchange(member.is_lingering, true)) return;
  recorder_.happened(
      events::instance_lingering({member.id, left->exit, left->pids.size(), left->pids.front(), left->command,
                                  *member.connections, member.drain_scope == DrainScope::All}));
}

size_t Retirement::connections_cut() const {
  size_t cut = 0;
  for (const auto& [id, member] : fleet_.members()) cut += member.connections_cut;
  return cut;
}

std::optional<HttpReport> Retirement::http_report() const {
  std::optional<HttpReport> sum;
  for (const auto& [id, member] : fleet_.members()) {
    // Those that drain on tell the rest at their end.
    if (!member.http || !member.gone()) continue;
    if (!sum) sum.emplace();
    sum->add(*member.http);
  }
  return sum;
}

bool Retirement::leaves_handshakes() const {
  return handshakes_left_ > 0 && world_.steering.way() == Handover::Steer &&
         world_.steering.outlives_rollctl() && !traffic_.current().rotation.empty();
}

}  // namespace rollctl
