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

// What settling looks at, all of it for the addresses and listeners of one instance.
struct SettleView {
  // Every half-open handshake with the addresses, sorted: also those of other members, for a handshake does
  // not name its listener.
  std::function<Result<std::vector<Handshake>>()> handshakes;
  // The same for one, at a cost that does not depend on the number of sockets.
  std::function<Result<bool>(const Handshake&)> is_half_open;
  // Connections that wait for accept() at the instance's own listeners.
  std::function<Result<size_t>()> queued;
  std::function<Status()> grace_period;
  // Asked behind a grace period: is it sure that none can have a half-open handshake? Empty: it is not.
  std::function<bool()> has_no_handshakes = {};
};

// Settling, of an instance that the rotation does not name any more:
//
//   grace period            so that no CPU still looks at the old rotation
//                           (where no handshake can be left, only the queues are looked at from here on)
//   remember the handshakes that are half-open; wait until these have ended
//   grace period            a handshake that is just being finished is in neither place
//   wait until the accept queues are empty
//
// After `bound` it is over in any case; what is left then is told.
std::unique_ptr<Settlement> begin_settling(SettleView view, Millis bound, const Clock& clock);

// One that is over from the start.
std::unique_ptr<Settlement> settled_at_once();

}  // namespace rollctl
