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
  slots_due_ = now + kSlotLook;
  empty_since_.reset();
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

std::optional<TimePoint> HeldSteering::slots_due() const {
  return handles_.empty() ? std::nullopt : std::optional(slots_due_);
}

// Looking at the slots is cheap, finding the server's listeners is not: so they are looked for only while a
// slot is empty and something listens that did not before.
void HeldSteering::tend_slots(TimePoint now) {
  if (slot_use().is_full()) {
    empty_since_.reset();
    slots_due_ = now + kSlotLook;
    return;
  }
  const bool was_full = !empty_since_.has_value();
  if (was_full) empty_since_ = now;
  slots_due_ = now + (now - *empty_since_ < std::chrono::seconds(1) ? kEmptySlotLook : kLateSlotLook);
  if (!network_.anything_new_listens() && is_refilled_ && !was_full) return;
  auto listeners = network_.listeners();
  is_refilled_ = listeners && refill(std::move(*listeners)) == Refill::Done;
  if (is_refilled_ && slot_use().is_full()) {
    empty_since_.reset();
    slots_due_ = now + kSlotLook;
  }
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
