// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "bpf/steering_handle.h"
#include "process/shim_message.h"

namespace rollctl::shim {

// Of some steering handles, what goes into one packet: addresses and, for each, its descriptors, borrowed.
struct SteeringPart {
  std::vector<SteeredAddress> addresses;
  std::vector<int> fds;
};

// At least one, which is empty where there is no handle.
std::vector<SteeringPart> split_into_parts(const std::vector<SteeringHandle>& handles);

// Invalid unless there are just as many descriptors as the addresses need.
Result<std::vector<SteeringHandle>> join_handles(std::vector<SteeredAddress> addresses, std::span<Fd> fds);

}  // namespace rollctl::shim
