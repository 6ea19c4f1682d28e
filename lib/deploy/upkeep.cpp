// SPDX-License-Identifier: MIT
#include "deploy/upkeep.h"

namespace rollctl {

namespace {

constexpr Micros kLook{20'000};

}  // namespace

void Upkeep::begin() {
  looking_.emplace(world_.scheduler, kLook, kLook, [this] { look(); });
}

std::vector<InstanceId> Upkeep::entrusted() const {
  return fleet_.which([this](const Member& member) {
    const bool runs =
        member.server.pid != 0 && member.state != InstanceState::Restarting && !member.leaving();
    return runs && traffic_.current().contains(member.id) && !leases_.holds(member.id);
  });
}

bool Upkeep::anything_new_listens() {
  const auto sockets = world_.sockets.listen_sockets();
  return sockets && seen_.any_new(*sockets);
}

// What fails is tried again when something else listens.
void Upkeep::look() {
  const std::vector<InstanceId> ids = entrusted();
  if (ids.empty() || !anything_new_listens()) return;
  for (InstanceId id : ids) (void)membership_.add(fleet_.at(id));
}

}  // namespace rollctl
