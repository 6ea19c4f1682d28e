// SPDX-License-Identifier: MIT
#include "steering/classic_steering.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bpf/program_attachment.h"
#include "steering/aimed_connect.h"
#include "steering/find_positions.h"
#include "steering/group_choice.h"
#include "steering/owner_connect.h"
#include "steering/settle_addresses.h"

namespace rollctl {

namespace {

// The interval of the upkeep. A leaving server may close its listener at any moment, a serving one rarely
// does. The interval grows with the duration of the upkeep (servers with many descriptors), to use 5 % of a
// CPU.
struct Pause {
  Micros shortest;
  Micros longest;
};
constexpr Pause kWhileLeaving{Micros{2'000}, Micros{20'000}};
constexpr Pause kWhileServing{Micros{50'000}, Micros{1'000'000}};
constexpr int kShareOfTime = 20;

}  // namespace

Status classic_steering_available() {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    return fail(last_os_failure("cannot open a socket"));
  if (auto attached = attach_classic_program(socket.get(), build_classic_program({}, kNoPosition));
      !attached) {
    Error error = attached.error();
    error.kind = ErrorKind::Unsupported;
    return fail(std::move(error));
  }
  return can_find_positions();
}

Result<std::unique_ptr<ClassicSteering>> ClassicSteering::create(Loop& loop, Gate gate) {
  if (auto available = classic_steering_available(); !available) return fail(available.error());
  auto diag = SockDiag::create();
  if (!diag) return fail(diag.error());
  return std::unique_ptr<ClassicSteering>(new ClassicSteering(loop, gate, std::move(*diag)));
}

ClassicGroup* ClassicSteering::find_group(const Endpoint& bound) {
  const auto found =
      std::ranges::find_if(groups_, [&](const auto& group) { return group->bound() == bound; });
  return found == groups_.end() ? nullptr : found->get();
}

std::shared_ptr<ClassicGroup> ClassicSteering::find_group_of_target(const Endpoint& target) {
  std::shared_ptr<ClassicGroup> best;
  for (const auto& group : groups_) {
    const int rank = group->empty() ? 0 : closeness(group->bound(), target);
    if (rank > 0 && (!best || rank > closeness(best->bound(), target))) best = group;
  }
  return best;
}

ClassicGroup& ClassicSteering::group_for(const Endpoint& bound) {
  if (ClassicGroup* known = find_group(bound)) return *known;
  const auto watch_exit = [this](const ProcessRef& process) {
    return loop_.on_readable(process.fd(), [this] { tend(); });
  };
  return *groups_.emplace_back(std::make_shared<ClassicGroup>(diag_, bound, watch_exit));
}

bool ClassicSteering::listens(InstanceId instance) const {
  return std::ranges::any_of(groups_, [&](const auto& group) { return group->has(instance); });
}

Status ClassicSteering::add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) {
  if (instance <= 0) return fail(ErrorKind::Invalid, instance_text(instance) + ": ids begin at 1");
  std::map<Endpoint, std::vector<Listener>> by_address;
  for (auto& listener : listeners) by_address[listener.bound].push_back(std::move(listener));
  for (auto& [bound, some] : by_address) {
    ClassicGroup& group = group_for(bound);
    if (auto put = group.put(instance, server, std::move(some)); !put) return put;
    // It is in the rotation, but did not listen at the last shift().
    if (!rotation_.contains(instance)) continue;
    // Without a gate only shift() begins to steer: a program would keep probes from a newcomer.
    if (gate_ == Gate::No && !group.attached()) continue;
    if (auto applied = apply(group); !applied) return applied;
  }
  // After a restart it may listen on fewer addresses.
  for (const auto& group : groups_) {
    if (!by_address.contains(group->bound())) group->disown(instance);
  }
  servers_[instance] = server;
  tend();
  return {};
}

Status ClassicSteering::apply(ClassicGroup& group) {
  if (gate_ == Gate::No && !group.attached()) {
    group.remember(rotation_);
    if (!group.has_others()) return {};
  }
  const auto applied = group.apply(rotation_);
  if (!applied) return fail(applied.error());
  return {};
}

Status ClassicSteering::shift(const Rotation& rotation) {
  if (auto valid = check_rotation(rotation, [&](InstanceId instance) { return listens(instance); }); !valid)
    return valid;
  const Rotation before = std::exchange(rotation_, rotation);
  for (const auto& group : groups_) {
    if (auto applied = apply(*group); !applied) {
      rotation_ = before;
      return applied;
    }
  }
  tend();
  return {};
}

Status ClassicSteering::guard(Admitted) {
  for (const auto& group : groups_) {
    if (group->empty() || group->attached()) continue;
    if (auto guarded = group->guard(); !guarded) return guarded;
  }
  return {};
}

Status ClassicSteering::fall_back_to(Fallback fallback) {
  for (const auto& group : groups_) {
    if (auto installed = group->fall_back_to(fallback); !installed) return installed;
  }
  return {};
}

void ClassicSteering::tend() {
  const auto began = std::chrono::steady_clock::now();
  bool is_any_leaving = false;
  for (const auto& group : groups_) {
    // After a failure it is tried again.
    const bool others = group->tend().value_or(true);
    is_any_leaving = is_any_leaving || others;
    if (!others && gate_ == Gate::No && group->attached()) (void)group->lift();
  }
  const auto took = std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - began);
  const auto& [shortest, longest] = is_any_leaving ? kWhileLeaving : kWhileServing;
  const Micros pause = std::clamp(Micros(kShareOfTime * took), shortest, longest);
  tend_again_ = loop_.after(pause, [this] { tend(); });
}

std::unique_ptr<Settlement> ClassicSteering::settle(InstanceId instance, Millis bound) {
  std::vector<SettledAddress> addresses;
  for (const auto& group : groups_) {
    auto cookies = group->cookies_of(instance);
    if (!cookies.empty()) addresses.push_back({group->bound(), std::move(cookies)});
  }
  return settle_addresses(diag_, addresses, bound, clock_);
}

Status ClassicSteering::remove(InstanceId instance) {
  for (const auto& group : groups_) group->disown(instance);
  servers_.erase(instance);
  rotation_.erase(instance);
  tend();
  return {};
}

std::unique_ptr<AimedConnect> ClassicSteering::connect(Loop& loop, InstanceId instance,
                                                       const Endpoint& target, TimePoint deadline,
                                                       std::string_view opening,
                                                       std::function<void(Result<Fd>)> done) {
  const auto group = find_group_of_target(target);
  const auto server = servers_.find(instance);
  if (server == servers_.end())
    return fail_to_connect(loop, {ErrorKind::NotFound, 0, instance_text(instance) + " was not added", {}},
                           std::move(done));
  if (!group || !group->attached())
    return connect_to_owner(loop, diag_, server->second, target, deadline, opening, std::move(done));
  const auto position = group->next_position(instance);
  if (!position) return fail_to_connect(loop, position.error(), std::move(done));
  const Aim aim = [&](int client) -> Result<std::shared_ptr<void>> {
    if (auto aimed = aim_client(client, target, *position); !aimed) return fail(aimed.error());
    return nullptr;
  };
  return connect_aimed(loop, aim, target, deadline, send_when_connected(opening, std::move(done)));
}

Result<std::vector<SteeringHandle>> ClassicSteering::share(InstanceId) {
  return std::vector<SteeringHandle>();
}

std::optional<SteeringCounters> ClassicSteering::counters(InstanceId) const {
  return std::nullopt;
}

Status ClassicSteering::detach() {
  tend_again_.reset();
  std::optional<Error> failure;
  for (const auto& group : groups_) {
    if (auto detached = group->detach(); !detached) failure = detached.error();
  }
  if (failure) return fail(*failure);
  groups_.clear();
  servers_.clear();
  rotation_.clear();
  return {};
}

}  // namespace rollctl
