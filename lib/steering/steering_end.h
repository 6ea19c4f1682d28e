// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "steering/steering.h"

namespace roll {

// What shims do when no rollctl runs: an address stays steered only as long as somebody listens there who
// shall get no new connections.
enum class Company {
  Others,  // somebody outside the rotation listens: a standby, one that drains, a canary's rest
  Alone,   // only the rotation listens, or nobody: steering makes no difference
  Ended,   // the steering was ended already; let go of the handle
};

// Never blocks.
Result<Company> look_for_company(const SteeringHandle& handle);

// Lets the kernel hash over all listeners of the address again and lets go of every socket, so that another
// steering can take them. `listener_fd`: any listener of the address; borrowed. On an error all is as before.
// Blocks for a grace period.
Status end_steering(const SteeringHandle& handle, int listener_fd);

}  // namespace roll
