// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "base/address.h"
#include "base/result.h"
#include "steering/steering.h"

namespace rollctl {

// Which of the groups that a SYN to `target` could reach the kernel would choose: the greatest; 0 for one
// that it cannot reach.
int closeness(const Endpoint& bound, const Endpoint& target);

// Invalid for weights that are none, and where nobody of the rotation listens.
Status check_rotation(const Rotation& rotation, const std::function<bool(InstanceId)>& listens);

}  // namespace rollctl
