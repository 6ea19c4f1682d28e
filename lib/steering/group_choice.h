// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "base/address.h"
#include "base/result.h"
#include "steering/steering.h"

namespace rollctl {

// The rank of a group for a SYN to `target`: the kernel chooses the greatest; 0 for one that it cannot reach.
int closeness(const Endpoint& bound, const Endpoint& target);

// Invalid for a weight that is negative or not finite, and where no instance of the rotation listens.
Status check_rotation(const Rotation& rotation, const std::function<bool(InstanceId)>& listens);

}  // namespace rollctl
