// SPDX-License-Identifier: MIT
#include "state/surplus.h"

#include <algorithm>

namespace rollctl {

std::vector<InstanceId> surplus_of(const std::vector<ServingInstance>& serving, int64_t generation,
                                   int wanted) {
  std::vector<InstanceId> own;
  std::vector<InstanceId> surplus;
  for (const ServingInstance& instance : serving)
    (instance.generation == generation ? own : surplus).push_back(instance.id);
  std::sort(own.begin(), own.end());
  while (static_cast<int>(own.size()) > wanted) {
    surplus.push_back(own.back());
    own.pop_back();
  }
  std::sort(surplus.begin(), surplus.end());
  return surplus;
}

}  // namespace rollctl
