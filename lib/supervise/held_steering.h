// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "bpf/listener.h"
#include "bpf/steering_handle.h"
#include "process/shim_client.h"
#include "supervise/roles.h"

namespace rollctl {

// The steering that rollctl left with this shim: its handles, until when they are held, and how many
// connections were steered to the instance.
class HeldSteering {
 public:
  // Interval of the looks while a rollctl is at work or a listener outside the rotation is left.
  static constexpr Millis kLookAgain{250};

  // Both must outlive this object.
  HeldSteering(ServerNetwork& network, AppLockGate& lock_gate) : network_(network), lock_gate_(lock_gate) {}

  // Holds these handles in place of earlier ones. None: drops them, but keeps their counts.
  void replace(std::vector<SteeringHandle> handles, SteeringTerm term, TimePoint now);

  [[nodiscard]] const std::vector<SteeringHandle>& handles() const { return handles_; }

  // Since the instance was launched, earlier handles included.
  [[nodiscard]] SteeringCounters counters() const;

  // Puts the listeners of a restarted server into its slots.
  Refill refill(std::vector<Listener> listeners);

  // When end_if_alone() is to be called; nothing while the steering is held until rollctl says otherwise.
  [[nodiscard]] std::optional<TimePoint> look_due() const;

  // Ends the steering once only the rotation listens and no rollctl is at work. Blocks for a grace period.
  void end_if_alone(TimePoint now);

 private:
  ServerNetwork& network_;
  AppLockGate& lock_gate_;
  std::vector<SteeringHandle> handles_;
  SteeringTerm::Until until_ = SteeringTerm::Until::Told;
  TimePoint look_due_{};
  SteeringCounters earlier_;  // of handles that it has dropped
};

}  // namespace rollctl
