// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "bpf/steering_handle.h"
#include "process/shim_message.h"

namespace rollctl::shim {

// The share of some steering handles that fits into one packet. The descriptors are borrowed.
struct SteeringPart {
  std::vector<SteeredAddress> addresses;
  std::vector<int> fds;
};

// At least one part; it is empty if there are no handles.
std::vector<SteeringPart> split_into_parts(const std::vector<SteeringHandle>& handles);

// Invalid unless the number of descriptors is right for the addresses.
Result<std::vector<SteeringHandle>> join_handles(std::vector<SteeredAddress> addresses, std::span<Fd> fds);

}  // namespace rollctl::shim
