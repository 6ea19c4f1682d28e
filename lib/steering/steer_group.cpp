// SPDX-License-Identifier: MIT
#include "steering/steer_group.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "bpf/grace_period.h"
#include "bpf/program_attachment.h"
#include "bpf/raw_bpf.h"
#include "bpf/rotation_table.h"
#include "bpf/slot_counters.h"
#include "bpf/slot_writer.h"

namespace rollctl {

namespace {

static_assert(kMostSteered == ROLL_STEER_SLOTS);

using namespace std::chrono_literals;

// The kernel frees the map of an ended steering in a worker: 15 ms after its last user on an idle machine, 70
// ms on a busy one, without a bound.
constexpr auto kBusyPatience = 5s;
constexpr auto kBusyPause = 500us;
// After this time the earlier program is still attached. No shim has a handle of it, else it would have been
// adopted: its rollctl died before it handed one out.
constexpr auto kOrphanAfter = 15ms;

void forget_probes(int probes) {
  roll_probe_key key{};
  while (raw_bpf::next_key(probes, nullptr, &key) == 0 && raw_bpf::erase(probes, &key) == 0) continue;
}

}  // namespace

Result<std::unique_ptr<SteerGroup>> SteerGroup::create(const Endpoint& bound, SteerMaps maps) {
  auto state = SteerState::map(maps.state.get(), SteerState::Access::Write);
  if (!state) return fail(state.error());
  (*state)->version = ROLL_STEER_VERSION;
  (*state)->size = sizeof(roll_steer_state);
  for (auto& table : (*state)->tables) std::ranges::fill(table.entries, ROLL_STEER_NO_SLOT);
  return std::unique_ptr<SteerGroup>(
      new SteerGroup(bound, std::move(maps), std::move(*state), Attachment::No));
}

Result<std::unique_ptr<SteerGroup>> SteerGroup::adopt(const Endpoint& bound, SteerMaps maps) {
  auto state = SteerState::map(maps.state.get(), SteerState::Access::Write);
  if (!state) return fail(state.error());
  if ((*state)->version == 0 || (*state)->size < sizeof(roll_steer_state))
    return fail(ErrorKind::Unsupported,
                "cannot take over the steering of " + bound.text() + ": its layout is not one of rollctl's");
  forget_probes(maps.probes.get());
  std::unique_ptr<SteerGroup> group(
      new SteerGroup(bound, std::move(maps), std::move(*state), Attachment::Unknown));
  group->readers_of_idle_table_ = true;
  return group;
}

uint64_t SteerGroup::cookie_in(uint32_t slot) const {
  uint64_t cookie = 0;
  return raw_bpf::look_up(maps_.sockets.get(), &slot, &cookie) == 0 ? cookie : 0;
}

std::vector<uint32_t> SteerGroup::slots_of(InstanceId instance) const {
  std::vector<uint32_t> slots;
  for (uint32_t slot = 0; slot < ROLL_STEER_SLOTS; ++slot) {
    if (state_->owners[slot] == instance) slots.push_back(slot);
  }
  return slots;
}

std::vector<InstanceId> SteerGroup::instances() const {
  std::set<InstanceId> instances(std::begin(state_->owners), std::end(state_->owners));
  instances.erase(0);
  return {instances.begin(), instances.end()};
}

std::vector<uint64_t> SteerGroup::cookies_of(InstanceId instance) const {
  std::vector<uint64_t> cookies;
  for (const uint32_t slot : slots_of(instance)) {
    if (const uint64_t cookie = cookie_in(slot); cookie != 0) cookies.push_back(cookie);
  }
  return cookies;
}

std::optional<uint32_t> SteerGroup::next_slot(InstanceId instance) {
  const auto slots = slots_of(instance);
  for (size_t tries = 0; tries < slots.size(); ++tries) {
    const uint32_t slot = slots[aimed_++ % slots.size()];
    if (cookie_in(slot) != 0) return slot;
  }
  return std::nullopt;
}

void SteerGroup::await_readers() {
  if (readers_of_idle_table_) grace_period();
  readers_of_idle_table_ = false;
}

Result<uint32_t> SteerGroup::take_free_slot(InstanceId instance) {
  const auto* free = std::ranges::find(state_->owners, 0);
  if (free == std::end(state_->owners)) free = find_left_slot();
  if (free == std::end(state_->owners))
    return fail(ErrorKind::Failed, "cannot steer more than " + std::to_string(ROLL_STEER_SLOTS) +
                                       " listeners on " + bound_.text());
  // A CPU may still read the previous rotation, which may contain this slot.
  await_readers();
  const auto slot = static_cast<uint32_t>(free - std::begin(state_->owners));
  begin_slot_counters(maps_.counters.get(), slot);
  state_.set_owner(slot, instance);
  return slot;
}

// An empty slot outside the rotation: its instance drains, and will not listen again.
const __s64* SteerGroup::find_left_slot() const {
  const Rotation serving = rotation();
  for (uint32_t slot = 0; slot < ROLL_STEER_SLOTS; ++slot)
    if (!serving.contains(state_->owners[slot]) && cookie_in(slot) == 0) return &state_->owners[slot];
  return std::end(state_->owners);
}

void SteerGroup::free_slot(uint32_t slot) {
  raw_bpf::erase(maps_.sockets.get(), &slot);
  state_.set_owner(slot, 0);
}

Status SteerGroup::insert(uint32_t slot, const Listener& listener) {
  const auto begin = std::chrono::steady_clock::now();
  const auto fd = static_cast<uint64_t>(listener.fd.get());
  bool orphan_ended = attachment_ != Attachment::No;
  for (;;) {
    const int failure = raw_bpf::update(maps_.sockets.get(), &slot, &fd);
    if (failure == 0) return {};
    const auto waited = std::chrono::steady_clock::now() - begin;
    if (failure != EBUSY || waited >= kBusyPatience) return fail(insert_failure(listener, failure));
    if (!orphan_ended && waited >= kOrphanAfter) {
      if (auto detached = detach_steer_program(listener.fd.get()); !detached) return detached;
      orphan_ended = true;
    }
    std::this_thread::sleep_for(kBusyPause);
  }
}

Status SteerGroup::put(InstanceId instance, std::span<const Listener> listeners) {
  const Rotation before = rotation();
  std::vector<uint32_t> available = slots_of(instance);
  std::vector<const Listener*> missing;
  for (const auto& listener : listeners) {
    const uint64_t cookie = socket_cookie(listener.fd.get());
    const auto there = std::ranges::find(available, cookie, [&](uint32_t slot) { return cookie_in(slot); });
    if (there == available.end())
      missing.push_back(&listener);
    else
      available.erase(there);
  }
  std::ranges::sort(available, {}, [&](uint32_t slot) { return std::pair(cookie_in(slot) != 0, slot); });

  std::vector<uint32_t> added;
  const auto undo = [&](Error error) {
    for (const uint32_t slot : added) free_slot(slot);
    return fail(std::move(error));
  };
  size_t next = 0;
  for (const Listener* listener : missing) {
    if (next < available.size()) {
      if (auto inserted = insert(available[next++], *listener); !inserted) return undo(inserted.error());
      continue;
    }
    const auto slot = take_free_slot(instance);
    if (!slot) return undo(slot.error());
    added.push_back(*slot);
    if (auto inserted = insert(*slot, *listener); !inserted) return undo(inserted.error());
  }
  // The rotation must not contain a slot that another instance may get.
  const std::span surplus = std::span(available).subspan(std::min(next, available.size()));
  for (const uint32_t slot : surplus) state_.set_owner(slot, 0);
  if (before.contains(instance) && (!added.empty() || !surplus.empty())) {
    if (auto written = write_rotation(before); !written) return written;
  }
  for (const uint32_t slot : surplus) free_slot(slot);

  if (listeners.empty()) return {};
  // Also where it is attached: if no listener was left for a moment, the group died with its program, and
  // this listener is in a new one.
  if (attachment_ == Attachment::Yes ||
      (attachment_ == Attachment::Unknown && state_.active_table().serving_count > 0))
    return attach(listeners.front().fd.get());
  if (attachment_ == Attachment::No && !kept_listener_) {
    auto copy = duplicate(listeners.front().fd.get());
    if (!copy) return fail(copy.error());
    kept_listener_ = std::move(*copy);
  }
  return {};
}

Status SteerGroup::remove(InstanceId instance) {
  Rotation rest = rotation();
  if (rest.erase(instance) != 0) {
    if (auto written = write_rotation(rest); !written) return written;
  }
  for (const uint32_t slot : slots_of(instance)) free_slot(slot);
  return {};
}

Result<SteerGroup::Applied> SteerGroup::apply(const Rotation& rotation) {
  const bool concerned = rotation.empty() || std::ranges::any_of(rotation, [&](const auto& entry) {
                           return entry.second > 0 && !slots_of(entry.first).empty();
                         });
  if (!concerned) return Applied::Unchanged;
  if (auto written = write_rotation(rotation); !written) return fail(written.error());
  return Applied::Written;
}

Status SteerGroup::write_rotation(const Rotation& rotation) {
  std::vector<RotationShare> shares;
  for (const auto& [instance, weight] : rotation) {
    const auto slots = slots_of(instance);
    if (weight > 0 && !slots.empty()) shares.push_back({weight, {slots.begin(), slots.end()}});
  }
  const RotationTable table = build_rotation_table(shares);

  await_readers();
  roll_steer_table& idle = state_.idle_table();
  std::ranges::copy(table.entries, idle.entries);
  std::ranges::copy(table.serving, idle.serving);
  idle.serving_count = static_cast<uint32_t>(table.serving.size());
  idle.on_miss = ROLL_MISS_REFUSE;
  std::ranges::fill(idle.weights, uint64_t{0});
  for (const auto& share : shares) {
    const auto weight =
        std::max<int64_t>(1, static_cast<int64_t>(share.weight * ROLL_STEER_WEIGHT_UNIT + 0.5));
    for (const uint16_t slot : share.slots) idle.weights[slot] = static_cast<uint64_t>(weight);
  }
  state_.flip();
  readers_of_idle_table_ = attachment_ != Attachment::No;
  return {};
}

Rotation SteerGroup::rotation() const {
  Rotation rotation;
  const roll_steer_table& table = state_.active_table();
  for (uint32_t slot = 0; slot < ROLL_STEER_SLOTS; ++slot) {
    if (table.weights[slot] != 0 && state_->owners[slot] != 0)
      rotation[state_->owners[slot]] = static_cast<double>(table.weights[slot]) / ROLL_STEER_WEIGHT_UNIT;
  }
  return rotation;
}

Status SteerGroup::attach(int listener_fd) {
  if (auto attached = attach_steer_program(listener_fd, maps_.program.get()); !attached)
    return fail(with_context(attached.error(), bound_.text()));
  attachment_ = Attachment::Yes;
  kept_listener_.reset();
  return {};
}

void SteerGroup::disown() {
  for (uint32_t slot = 0; slot < ROLL_STEER_SLOTS; ++slot) {
    if (state_.owner(slot) == 0) continue;
    state_.set_owner(slot, 0);
    disowned_.push_back(slot);
  }
}

Status SteerGroup::detach(int listener_fd) {
  // Owners first: a shim that attaches again for a restarted server checks the owners afterwards
  // (put_into_slots).
  const std::vector<int64_t> owners(std::begin(state_->owners), std::end(state_->owners));
  disown();
  if (auto detached = detach_steer_program(listener_fd); !detached) {
    for (const uint32_t slot : disowned_) state_.set_owner(slot, owners[slot]);
    disowned_.clear();
    return fail(with_context(detached.error(), bound_.text()));
  }
  attachment_ = Attachment::No;
  return {};
}

void SteerGroup::clear() {
  for (const uint32_t slot : std::exchange(disowned_, {})) raw_bpf::erase(maps_.sockets.get(), &slot);
  for (auto& table : state_->tables) {
    table.serving_count = 0;
    std::ranges::fill(table.entries, ROLL_STEER_NO_SLOT);
    std::ranges::fill(table.weights, uint64_t{0});
  }
}

SteeringCounters SteerGroup::counters(InstanceId instance) const {
  return read_slot_counters(maps_.counters.get(), slots_of(instance)).value_or(SteeringCounters());
}

Result<SteeringHandle> SteerGroup::share(InstanceId instance) const {
  auto maps = maps_.duplicate();
  if (!maps) return fail(maps.error());
  return SteeringHandle{bound_,
                        std::move(maps->program),
                        std::move(maps->sockets),
                        std::move(maps->state),
                        std::move(maps->probes),
                        std::move(maps->counters),
                        slots_of(instance)};
}

}  // namespace rollctl
