// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "deploy/joining.h"
#include "deploy/launching.h"
#include "deploy/membership.h"
#include "deploy/retirement.h"
#include "deploy/steering_leases.h"
#include "deploy/traffic_shift.h"
#include "deploy/upkeep.h"

namespace rollctl {

// The acts of a change. Each has its own state, and they are wired to one another here. They work over the
// discovered instances: an act may continue what another process began. Callbacks only change members;
// the acts wait in straight lines.
struct Acts {
  Acts(World& world, Recorder& recorder, Fleet& fleet, std::vector<ListenAddress> listen,
       PlaceInstance place);
  Acts(const Acts&) = delete;
  Acts& operator=(const Acts&) = delete;

  // Whether the steering must outlive the change: while a canary or standby listens, or while handshakes
  // still need migrating.
  [[nodiscard]] bool stays_steered() const;

  // Detaches the steering, or leaves it to the shims where it stays.
  Act end_steering(Millis hold);

  // Leaves the steering to the shims of the rotation: they detach it when no instance outside the rotation
  // listens any more, at the earliest after `hold`, the end of a standby and kHandshakeLife for handshakes
  // that are left. Warns where it ends with rollctl instead.
  void leave_steering(Millis hold);

  Membership membership;
  SteeringLeases leases;
  TrafficShift traffic;
  Upkeep upkeep;
  Joining joining;
  Launching launching;
  Retirement retirement;

 private:
  Act detach();

  World& world_;
  const Fleet& fleet_;
};

}  // namespace rollctl
