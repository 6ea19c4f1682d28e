// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/sock_diag.h"
#include "steering/steering.h"

namespace rollctl {

// The view of settling: the addresses and listeners of one instance.
struct SettleView {
  // Every half-open handshake with the addresses, sorted; of all members, because a handshake does not name
  // its listener.
  std::function<Result<std::vector<Handshake>>()> handshakes;
  // Whether one is still half-open, at a cost that does not depend on the number of sockets.
  std::function<Result<bool>(const Handshake&)> is_half_open;
  // Connections that wait for accept() at the instance's own listeners.
  std::function<Result<size_t>()> queued;
  std::function<void()> grace_period;
};

// Settles an instance that has left the rotation:
//
//   grace period            so that no CPU still reads the old rotation
//   list the half-open handshakes, and wait until these have ended
//   grace period            a handshake that is being finished is in neither list nor queue
//   wait until the accept queues are empty
//
// After `bound` it is over in any case, and reports the rest, or why it could not look.
std::unique_ptr<Settlement> begin_settling(SettleView view, Millis bound, const Clock& clock);

// A Settlement that is over at once.
std::unique_ptr<Settlement> settled_at_once();

}  // namespace rollctl
