// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "process/instance_record.h"

namespace rollctl {

// An instance that gets connections as one of the wanted ones.
struct ServingInstance {
  InstanceId id = 0;
  int64_t generation = 0;
};

// Those that serve although they are to serve no more: all of other generations than the one that is wanted,
// and of that one, the newest first, as many as are too many. In order of their ids.
std::vector<InstanceId> surplus_of(const std::vector<ServingInstance>& serving, int64_t generation,
                                   int wanted);

}  // namespace rollctl
