// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "bpf/steering_handle.h"

namespace rollctl {

// What shims do when no rollctl runs: an address stays steered only as long as somebody listens there who
// shall get no new connections.
enum class GroupOccupancy {
  OthersListen,   // somebody outside the rotation listens: a standby, one that drains, a canary's rest
  RotationOnly,   // only the rotation listens, or nobody: steering makes no difference
  SteeringEnded,  // the steering was ended already; let go of the handle
};

// Never blocks.
Result<GroupOccupancy> look_at_occupancy(const SteeringHandle& handle);

// Lets the kernel hash over all listeners of the address again and lets go of every socket, so that another
// steering can take them. `listener_fd`: any listener of the address; borrowed. On an error all is as before.
// Blocks for a grace period.
Status end_steering(const SteeringHandle& handle, int listener_fd);

}  // namespace rollctl
