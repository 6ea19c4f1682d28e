// SPDX-License-Identifier: MIT
#include "steering/unsteered.h"

#include <algorithm>

#include "base/atomic_file.h"
#include "bpf/program_attachment.h"
#include "net/process_sockets.h"
#include "steering/aimed_connect.h"
#include "steering/migration_trial.h"
#include "steering/owner_connect.h"
#include "steering/settle.h"

namespace rollctl {

Result<std::unique_ptr<Unsteered>> Unsteered::create(Loop& loop, Handover way) {
  auto diag = SockDiag::create();
  if (!diag) return fail(diag.error());
  std::unique_ptr<Unsteered> unsteered(new Unsteered(way, std::move(*diag)));
  if (way == Handover::Migrate) {
    if (auto classic = ClassicSteering::create(loop, ClassicSteering::Gate::No))
      unsteered->turning_away_ = std::move(*classic);
  }
  return unsteered;
}

Status Unsteered::add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) {
  // A rollctl that was killed may have left a classic program without upkeep.
  if (servers_.empty()) {
    for (const Listener& listener : listeners) {
      if (!listener.fd) continue;
      if (auto ended = detach_steer_program(listener.fd.get()); !ended) return ended;
    }
  }
  const bool may_take = std::ranges::all_of(listeners, [](const Listener& one) { return bool(one.fd); });
  if (turning_away_ && !may_take) {
    if (auto ended = turning_away_->detach(); !ended) return ended;
    turning_away_.reset();
  }
  servers_[instance] = server;
  if (turning_away_) return turning_away_->add(instance, server, std::move(listeners));
  // A duplicate would keep the socket in the group after its owner has closed it.
  listeners.clear();
  return {};
}

Status Unsteered::shift(const Rotation& rotation) {
  for (const auto& [instance, weight] : rotation) {
    if (!servers_.contains(instance))
      return fail(ErrorKind::Invalid, "instance " + std::to_string(instance) + " was not added");
  }
  rotation_ = rotation;
  return turning_away_ && !rotation.empty() ? turning_away_->shift(rotation) : Status();
}

Status Unsteered::fall_back_to(Fallback fallback) {
  return turning_away_ ? turning_away_->fall_back_to(fallback) : Status();
}

std::unique_ptr<Settlement> Unsteered::settle(InstanceId instance, Millis bound) {
  // When all instances leave, connections cannot be turned away to another.
  return turning_away_ && !rotation_.empty() ? turning_away_->settle(instance, bound) : settled_at_once();
}

Status Unsteered::remove(InstanceId instance) {
  servers_.erase(instance);
  rotation_.erase(instance);
  return turning_away_ ? turning_away_->remove(instance) : Status();
}

Status Unsteered::detach() {
  return turning_away_ ? turning_away_->detach() : Status();
}

std::unique_ptr<AimedConnect> Unsteered::connect(Loop& loop, InstanceId instance, const Endpoint& target,
                                                 TimePoint deadline, std::string_view opening,
                                                 std::function<void(Result<Fd>)> done) {
  const auto server = servers_.find(instance);
  if (server == servers_.end())
    return fail_to_connect(
        loop, {ErrorKind::NotFound, 0, "instance " + std::to_string(instance) + " was not added", {}},
        std::move(done));
  return connect_to_owner(loop, diag_, server->second, target, deadline, opening, std::move(done));
}

Result<std::vector<SteeringHandle>> Unsteered::share(InstanceId) {
  return std::vector<SteeringHandle>();
}

std::optional<SteeringCounters> Unsteered::counters(InstanceId) const {
  return std::nullopt;
}

Status migration_available() {
  const auto setting = read_file("/proc/sys/net/ipv4/tcp_migrate_req");
  if (!setting)
    return fail(ErrorKind::Unsupported, "this kernel cannot migrate connections between listeners",
                "Linux 5.14 or newer can");
  if (!setting->starts_with('1'))
    return fail(ErrorKind::Unsupported, "net.ipv4.tcp_migrate_req is 0",
                "sysctl -w net.ipv4.tcp_migrate_req=1");
  // Some kernels have the setting and move nothing.
  const auto trial = try_to_migrate();
  if (!trial)
    return fail(
        with_context(trial.error(), "cannot try whether the kernel moves connections of a closing listener"));
  if (trial->moved == trial->clients) return {};
  return fail(ErrorKind::Unsupported,
              "net.ipv4.tcp_migrate_req is 1, but the kernel moved " + std::to_string(trial->moved) + " of " +
                  std::to_string(trial->clients) + " connections of a closing listener",
              "Linux 5.14 or newer can");
}

}  // namespace rollctl
