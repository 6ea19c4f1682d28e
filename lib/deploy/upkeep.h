// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "deploy/membership.h"
#include "deploy/repeat.h"
#include "deploy/steering_leases.h"
#include "deploy/traffic_shift.h"
#include "net/seen_listeners.h"

namespace rollctl {

// A serving instance may close its listeners at any moment and open others: recycled workers do, and some
// servers do at SIGHUP. A new one is of no use before the steering knows it. Shims that hold the steering
// look after that themselves; for all other instances of the rotation this class does.
class Upkeep {
 public:
  Upkeep(World& world, Fleet& fleet, Membership& membership, const SteeringLeases& leases,
         const TrafficShift& traffic)
      : world_(world), fleet_(fleet), membership_(membership), leases_(leases), traffic_(traffic) {}

  // From now on, until end(), it looks from the scheduler whether something new listens.
  void begin();
  void end() { looking_.reset(); }

 private:
  void look();
  [[nodiscard]] std::vector<InstanceId> entrusted() const;
  [[nodiscard]] bool anything_new_listens();

  World& world_;
  Fleet& fleet_;
  Membership& membership_;
  const SteeringLeases& leases_;
  const TrafficShift& traffic_;
  SeenListeners seen_;
  std::optional<Repeat> looking_;
};

}  // namespace rollctl
