// SPDX-License-Identifier: MIT
#include "deploy/acts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace rollctl {

Acts::Acts(World& world, Recorder& recorder, Fleet& fleet, std::vector<ListenAddress> listen,
           PlaceInstance place)
    : membership(world, fleet, std::move(listen)),
      leases(world, fleet),
      traffic(world, recorder, fleet, membership, leases),
      upkeep(world, fleet, membership, leases, traffic),
      joining(world, recorder, fleet, membership, leases, traffic),
      launching(world, recorder, fleet, membership, leases, traffic, joining, std::move(place)),
      retirement(world, recorder, fleet, membership, leases, traffic, joining),
      world_(world),
      fleet_(fleet) {}

bool Acts::stays_steered() const {
  return !traffic.current().canaries.empty() || !fleet_.in_state(InstanceState::Standby).empty() ||
         retirement.leaves_handshakes();
}

Act Acts::end_steering(Millis hold) {
  if (!stays_steered()) return detach();
  leave_steering(hold);
  return {};
}

void Acts::leave_steering(Millis hold) {
  // The shims hold the steering of a canary until it is promoted or aborted.
  if (!traffic.current().canaries.empty()) return;
  if (!world_.steering.outlives_rollctl()) {
    const auto draining = fleet_.in_state(InstanceState::Draining);
    const bool one = draining.size() == 1;
    return world_.observer.on_warning(fmt::format(
        "{} {} {} draining but still listening; steering stays attached until the next rollctl command",
        one ? "instance" : "instances", fmt::join(draining, ", "), one ? "is" : "are"));
  }
  Millis look_after = retirement.leaves_handshakes() ? std::max(hold, kHandshakeLife) : hold;
  for (InstanceId id : fleet_.in_state(InstanceState::Standby))
    if (const auto until = fleet_.at(id).standby_until)
      look_after = std::max(look_after, std::chrono::duration_cast<Millis>(*until - world_.scheduler.now()));
  for (InstanceId id : traffic.current().rotation)
    if (!fleet_.at(id).gone()) leases.try_grant(id, {SteeringTerm::Until::Alone, look_after});
  leases.await_all();
}

Act Acts::detach() {
  // Without steering a probe cannot be aimed any more.
  joining.stop_probing();
  upkeep.end();
  // The shims are told first: were rollctl killed in between, they would keep a steering alive that no other
  // rollctl can take over. A shim that puts a restarted server's listener back before it has heard finds that
  // the slots are its own no longer.
  std::vector<Acknowledgement> revoked = leases.revoke_all();
  const Status detached = world_.steering.detach();
  for (Acknowledgement& heard : revoked) (void)heard.await();
  if (!detached)
    return fail(Ending(Ending::Kind::HostFailed, detached.error().message,
                       "run `rollctl recover` to lift the steering"));
  return {};
}

}  // namespace rollctl
