// SPDX-License-Identifier: MIT
#include "bpf/steering_end.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include "bpf/grace_period.h"
#include "bpf/program_attachment.h"
#include "bpf/raw_bpf.h"
#include "bpf/steer_state.h"

namespace rollctl {

namespace {

std::vector<uint32_t> owned_slots(const SteerState& state) {
  std::vector<uint32_t> slots;
  for (uint32_t slot = 0; slot < ROLL_STEER_SLOTS; ++slot)
    if (state.owner(slot) != 0) slots.push_back(slot);
  return slots;
}

bool is_in_rotation(const roll_steer_table& table, uint32_t slot) {
  const auto* const end = table.serving + std::min<uint32_t>(table.serving_count, ROLL_STEER_SLOTS);
  return std::find(table.serving, end, slot) != end;
}

}  // namespace

Result<GroupOccupancy> look_at_occupancy(const SteeringHandle& handle) {
  const auto state = SteerState::map(handle.state.get(), SteerState::Access::Read);
  if (!state) return fail(state.error());
  const std::vector<uint32_t> owned = owned_slots(*state);
  if (owned.empty()) return GroupOccupancy::SteeringEnded;
  for (const uint32_t slot : owned) {
    if (is_in_rotation(state->active_table(), slot)) continue;
    uint64_t cookie = 0;
    const int failure = raw_bpf::look_up(handle.sockets.get(), &slot, &cookie);
    if (failure == 0) return GroupOccupancy::OthersListen;
    if (failure != ENOENT) return fail(os_failure("cannot look at the steering slots", failure));
  }
  return GroupOccupancy::RotationOnly;
}

Status end_steering(const SteeringHandle& handle, int listener_fd) {
  auto state = SteerState::map(handle.state.get(), SteerState::Access::Write);
  if (!state) return fail(state.error());
  const std::vector<uint32_t> owned = owned_slots(*state);
  std::vector<int64_t> owners;
  for (const uint32_t slot : owned) owners.push_back(state->owner(slot));
  // Before detaching: a shim that attaches again at this moment reads the owners afterwards.
  for (const uint32_t slot : owned) state->set_owner(slot, 0);
  if (auto detached = detach_steer_program(listener_fd); !detached) {
    for (size_t i = 0; i < owned.size(); ++i) state->set_owner(owned[i], owners[i]);
    return fail(with_context(detached.error(), handle.bound.text()));
  }
  // A look-up that began before may still be in the program, and needs the sockets.
  grace_period();
  for (const uint32_t slot : owned) raw_bpf::erase(handle.sockets.get(), &slot);
  return {};
}

}  // namespace rollctl
