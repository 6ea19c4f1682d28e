// SPDX-License-Identifier: MIT
#include "supervise/held_steering.h"

#include <algorithm>
#include <utility>

namespace rollctl {

void HeldSteering::replace(std::vector<SteeringHandle> handles, SteeringTerm term, TimePoint now) {
  // The counters are in a map of the handles, and go with them.
  if (handles.empty()) earlier_ = counters();
  handles_ = std::move(handles);
  until_ = term.until;
  look_due_ = now + std::max(term.look_after, kLookAgain);
}

SteeringCounters HeldSteering::counters() const {
  SteeringCounters sum = earlier_;
  const SteeringCounters now = network_.counters(handles_);
  sum.connections += now.connections;
  sum.fallbacks += now.fallbacks;
  sum.migrations += now.migrations;
  return sum;
}

Refill HeldSteering::refill(std::vector<Listener> listeners) {
  return handles_.empty() ? Refill::Done : network_.refill(handles_, std::move(listeners));
}

std::optional<TimePoint> HeldSteering::look_due() const {
  if (until_ != SteeringTerm::Until::Alone || handles_.empty()) return std::nullopt;
  return look_due_;
}

void HeldSteering::end_if_alone(TimePoint now) {
  look_due_ = now + kLookAgain;
  const SteeringCounters counted = counters();
  if (network_.occupancy(handles_) == GroupOccupancy::RotationOnly) {
    const auto turn = lock_gate_.take();
    // A rollctl may have come and gone before the lock was taken.
    if (turn && network_.occupancy(handles_) == GroupOccupancy::RotationOnly)
      (void)network_.end_steering(handles_);
  }
  // occupancy() drops the handles where another shim has ended the steering.
  if (handles_.empty()) earlier_ = counted;
}

}  // namespace rollctl
