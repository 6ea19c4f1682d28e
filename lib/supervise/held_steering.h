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

  // A server may close a listener at any moment and open another: recycled workers do, and some do at SIGHUP.
  // The interval of the looks at the slots; and while one is empty, in the first second, and later.
  static constexpr Millis kSlotLook{20};
  static constexpr Millis kEmptySlotLook{5};
  static constexpr Millis kLateSlotLook{50};

  // Both must outlive this object.
  HeldSteering(ServerNetwork& network, AppLockGate& lock_gate) : network_(network), lock_gate_(lock_gate) {}

  // Holds these handles in place of earlier ones. None: drops them, but keeps their counts.
  void replace(std::vector<SteeringHandle> handles, SteeringTerm term, TimePoint now);

  [[nodiscard]] const std::vector<SteeringHandle>& handles() const { return handles_; }

  // Since the instance was launched, earlier handles included.
  [[nodiscard]] SteeringCounters counters() const;

  // Puts the listeners of a restarted server into its slots.
  Refill refill(std::vector<Listener> listeners);

  // The slots of the instance now.
  [[nodiscard]] SlotUse slot_use() const { return network_.slot_use(handles_); }

  // When tend_slots() is to be called; nothing where nothing is held.
  [[nodiscard]] std::optional<TimePoint> slots_due() const;

  // Puts listeners that the running server opened since into the slots whose listeners have closed.
  void tend_slots(TimePoint now);

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
  TimePoint slots_due_{};
  std::optional<TimePoint> empty_since_;  // the first empty slot
  bool is_refilled_ = true;               // with what listened at the last look
  SteeringCounters earlier_;              // of handles that it has dropped
};

}  // namespace rollctl
