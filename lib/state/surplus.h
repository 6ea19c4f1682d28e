// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "process/instance_record.h"

namespace rollctl {

// An instance in the rotation that counts toward the wanted number.
struct ServingInstance {
  InstanceId id = 0;
  int64_t generation = 0;
};

// The instances that are to leave the rotation: all of other generations than `generation`, and of that one
// the newest beyond `wanted`. In ascending order.
std::vector<InstanceId> surplus_of(const std::vector<ServingInstance>& serving, int64_t generation,
                                   int wanted);

}  // namespace rollctl
