// SPDX-License-Identifier: MIT
#include "steering/ebpf_steering.h"

#include <algorithm>
#include <utility>

#include "bpf/grace_period.h"
#include "net/process_sockets.h"
#include "steering/aimed_connect.h"
#include "steering/group_choice.h"
#include "steering/owner_connect.h"
#include "steering/settle_addresses.h"

namespace rollctl {

EbpfSteering::EbpfSteering(SockDiag diag, TakeListener take)
    : diag_(std::make_shared<SockDiag>(std::move(diag))), take_listener_(std::move(take)) {
  if (take_listener_) return;
  take_listener_ = [this](InstanceId instance, const Endpoint& bound) -> Result<Fd> {
    const auto server = servers_.find(instance);
    if (server == servers_.end())
      return fail(ErrorKind::NotFound, instance_text(instance) + " has no known process");
    auto taken = rollctl::take_listener(*diag_, server->second, bound);
    if (!taken) return fail(taken.error());
    return std::move(taken->fd);
  };
}

Result<std::unique_ptr<EbpfSteering>> EbpfSteering::create(EbpfSteeringOptions options) {
  auto diag = SockDiag::create();
  if (!diag) return fail(diag.error());
  std::unique_ptr<EbpfSteering> steering(
      new EbpfSteering(std::move(*diag), std::move(options.take_listener)));
  for (auto& handle : options.adopted) {
    if (steering->find_group(handle.bound) != nullptr) continue;
    auto group = SteerGroup::adopt(
        handle.bound, {std::move(handle.program), std::move(handle.sockets), std::move(handle.state),
                       std::move(handle.probes), std::move(handle.counters)});
    if (!group) return fail(group.error());
    if ((*group)->instances().empty()) continue;
    steering->rotation_.merge((*group)->rotation());
    steering->groups_.push_back(std::move(*group));
  }
  if (!steering->groups_.empty()) return steering;
  auto maps = options.loaded ? Result<SteerMaps>(std::move(*options.loaded)) : load_steer_program();
  if (!maps) return fail(maps.error());
  steering->spare_ = std::move(*maps);
  return steering;
}

SteerGroup* EbpfSteering::find_group(const Endpoint& bound) {
  const auto found =
      std::ranges::find_if(groups_, [&](const auto& group) { return group->bound() == bound; });
  return found == groups_.end() ? nullptr : found->get();
}

SteerGroup* EbpfSteering::find_group_of_target(const Endpoint& target) {
  SteerGroup* best = nullptr;
  for (const auto& group : groups_) {
    const int rank = closeness(group->bound(), target);
    if (rank > 0 && (best == nullptr || rank > closeness(best->bound(), target))) best = group.get();
  }
  return best;
}

Result<SteerGroup*> EbpfSteering::group_for(const Endpoint& bound) {
  if (SteerGroup* known = find_group(bound)) return known;
  auto maps =
      spare_ ? Result<SteerMaps>(std::move(*std::exchange(spare_, std::nullopt))) : load_steer_program();
  if (!maps) return fail(maps.error());
  auto group = SteerGroup::create(bound, std::move(*maps));
  if (!group) return fail(group.error());
  return groups_.emplace_back(std::move(*group)).get();
}

Status EbpfSteering::add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) {
  if (instance <= 0) return fail(ErrorKind::Invalid, instance_text(instance) + ": ids begin at 1");
  std::map<Endpoint, std::vector<Listener>> by_address;
  for (auto& listener : listeners) by_address[listener.bound].push_back(std::move(listener));
  for (const auto& [bound, some] : by_address) {
    const auto group = group_for(bound);
    if (!group) return fail(group.error());
    if (auto put = (*group)->put(instance, some); !put) return put;
    // It is in the rotation, but did not listen at the last shift().
    if (rotation_.contains(instance) && !(*group)->rotation().contains(instance)) {
      if (auto written = (*group)->apply(rotation_); !written) return fail(written.error());
    }
  }
  // After a restart it may listen on fewer addresses.
  for (const auto& group : groups_) {
    if (by_address.contains(group->bound())) continue;
    if (auto removed = group->remove(instance); !removed) return removed;
  }
  servers_[instance] = server;
  return {};
}

Result<Fd> EbpfSteering::take_any_listener(SteerGroup& group) {
  std::vector<InstanceId> candidates = group.instances();
  std::ranges::sort(candidates, {},
                    [&](InstanceId instance) { return std::pair(!rotation_.contains(instance), instance); });
  std::optional<Error> refusal;
  for (const InstanceId instance : candidates) {
    auto taken = take_listener_(instance, group.bound());
    if (taken) return taken;
    if (taken.error().kind != ErrorKind::NotFound) refusal = taken.error();
  }
  if (refusal) return fail(*refusal);
  return fail(ErrorKind::NotFound, "no instance listens on " + group.bound().text());
}

Status EbpfSteering::attach(SteerGroup& group) {
  if (group.attachment() == SteerGroup::Attachment::Yes) return {};
  if (group.kept_listener() >= 0) return group.attach(group.kept_listener());
  const auto listener = take_any_listener(group);
  if (listener) return group.attach(listener->get());
  // The servers may be opening their listeners anew: put() attaches to the next one.
  const auto sockets = diag_->listeners_on(group.bound());
  const bool has_died = sockets && sockets->empty();
  return has_died && group.attachment() == SteerGroup::Attachment::Unknown ? Status()
                                                                           : fail(listener.error());
}

Status EbpfSteering::shift(const Rotation& rotation) {
  const auto listens = [&](InstanceId instance) {
    return std::ranges::any_of(groups_,
                               [&](const auto& group) { return !group->slots_of(instance).empty(); });
  };
  if (auto valid = check_rotation(rotation, listens); !valid) return valid;
  for (const auto& group : groups_) {
    const auto written = group->apply(rotation);
    if (!written) return fail(written.error());
    if (*written == SteerGroup::Applied::Unchanged) continue;
    guarded_.erase(group.get());
    if (auto attached = attach(*group); !attached) return attached;
  }
  rotation_ = rotation;
  return {};
}

Status EbpfSteering::guard(Admitted admitted) {
  for (const auto& group : groups_) {
    const bool is_new = group->attachment() == SteerGroup::Attachment::No;
    if (!is_new && !guarded_.contains(group.get())) continue;
    if (admitted == Admitted::All) {
      Rotation all;
      for (const InstanceId instance : group->instances()) all[instance] = 1;
      if (auto written = group->apply(all); !written) return fail(written.error());
    }
    if (auto attached = attach(*group); !attached) return attached;
    guarded_.insert(group.get());
  }
  return {};
}

Status EbpfSteering::fall_back_to(Fallback fallback) {
  for (const auto& group : groups_)
    group->set_miss(fallback == Fallback::AnyListener ? ROLL_MISS_ANY : ROLL_MISS_REFUSE);
  return {};
}

Rotation EbpfSteering::rotation() const {
  return rotation_;
}

std::unique_ptr<Settlement> EbpfSteering::settle(InstanceId instance, Millis bound) {
  std::vector<SettledAddress> addresses;
  for (const auto& group : groups_) {
    auto cookies = group->cookies_of(instance);
    if (!cookies.empty()) addresses.push_back({group->bound(), std::move(cookies)});
  }
  return settle_addresses(diag_, addresses, bound, clock_);
}

Status EbpfSteering::remove(InstanceId instance) {
  for (const auto& group : groups_) {
    if (auto removed = group->remove(instance); !removed) return removed;
  }
  servers_.erase(instance);
  rotation_.erase(instance);
  return {};
}

std::unique_ptr<AimedConnect> EbpfSteering::connect(Loop& loop, InstanceId instance, const Endpoint& target,
                                                    TimePoint deadline, std::string_view opening,
                                                    std::function<void(Result<Fd>)> done) {
  SteerGroup* group = find_group_of_target(target);
  const auto server = servers_.find(instance);
  if (group == nullptr || group->attachment() == SteerGroup::Attachment::No) {
    if (server == servers_.end())
      return fail_to_connect(loop, {ErrorKind::NotFound, 0, instance_text(instance) + " was not added", {}},
                             std::move(done));
    return connect_to_owner(loop, diag_, server->second, target, deadline, opening, std::move(done));
  }
  const auto slot = group->next_slot(instance);
  if (!slot)
    return fail_to_connect(loop,
                           {ErrorKind::NotFound,
                            0,
                            instance_text(instance) + " does not listen on " + group->bound().text(),
                            {}},
                           std::move(done));
  auto probes = group->share_probes();
  if (!probes) return fail_to_connect(loop, probes.error(), std::move(done));
  return connect_to_slot(loop, std::move(*probes), *slot, target, deadline,
                         send_when_connected(opening, std::move(done)));
}

Result<std::vector<SteeringHandle>> EbpfSteering::share(InstanceId instance) {
  std::vector<SteeringHandle> handles;
  for (const auto& group : groups_) {
    if (group->attachment() == SteerGroup::Attachment::No || group->slots_of(instance).empty()) continue;
    auto handle = group->share(instance);
    if (!handle) return fail(handle.error());
    handles.push_back(std::move(*handle));
  }
  return handles;
}

std::optional<SteeringCounters> EbpfSteering::counters(InstanceId instance) const {
  std::optional<SteeringCounters> sum;
  for (const auto& group : groups_) {
    if (group->slots_of(instance).empty()) continue;
    const SteeringCounters some = group->counters(instance);
    if (!sum) sum.emplace();
    sum->connections += some.connections;
    sum->fallbacks += some.fallbacks;
    sum->migrations += some.migrations;
  }
  return sum;
}

Status EbpfSteering::detach_group(SteerGroup& group) {
  group.close_kept_listener();
  if (group.attachment() == SteerGroup::Attachment::No) {
    group.disown();
    return {};
  }
  const auto listener = take_any_listener(group);
  if (listener) return group.detach(listener->get());

  const Endpoint bound = group.bound();
  const auto sockets = diag_->listeners_on(bound);
  if (!sockets) return fail(sockets.error());
  if (sockets->empty()) {
    group.disown();
    return {};
  }
  return fail(with_context(listener.error(), "cannot end the steering of " + bound.text()));
}

Status EbpfSteering::detach() {
  std::optional<Error> failure;
  std::vector<std::unique_ptr<SteerGroup>> ended;
  std::vector<std::unique_ptr<SteerGroup>> standing;
  guarded_.clear();
  for (auto& group : groups_) {
    const auto detached = detach_group(*group);
    if (!detached) failure = detached.error();
    (detached ? ended : standing).push_back(std::move(group));
  }
  groups_ = std::move(standing);
  if (!ended.empty()) {
    // A look-up that began before may still be in the program, and needs the sockets.
    grace_period();
    for (const auto& group : ended) group->clear();
  }
  if (failure) return fail(*failure);
  servers_.clear();
  rotation_.clear();
  return {};
}

Status steering_available() {
  const auto maps = load_steer_program();
  if (!maps) return fail(maps.error());
  return {};
}

}  // namespace rollctl
