// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "bpf/steering_handle.h"

namespace rollctl {

// For shims while no rollctl runs: an address stays steered only as long as a listener outside the rotation
// is left on it.
enum class GroupOccupancy {
  OthersListen,   // a listener outside the rotation is left: of a standby or a draining instance
  RotationOnly,   // none is left: steering makes no difference
  SteeringEnded,  // no slot has an owner: drop the handle
};

// Never blocks.
Result<GroupOccupancy> look_at_occupancy(const SteeringHandle& handle);

// Detaches the program, so that the kernel hashes over all listeners of the address again, and empties the
// slots, so that another steering can take the sockets. `listener_fd`: any listener of the address; borrowed.
// On an error the steering stays as it was. Blocks for a grace period.
Status end_steering(const SteeringHandle& handle, int listener_fd);

}  // namespace rollctl
