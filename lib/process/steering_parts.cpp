// SPDX-License-Identifier: MIT
#include "process/steering_parts.h"

#include <algorithm>
#include <utility>

namespace rollctl::shim {

namespace {

// In the order of the protocol.
constexpr Fd SteeringHandle::* kDescriptors[] = {&SteeringHandle::program, &SteeringHandle::sockets,
                                                 &SteeringHandle::state, &SteeringHandle::probes,
                                                 &SteeringHandle::counters};
static_assert(std::size(kDescriptors) == kFdsPerSteeredAddress);

}  // namespace

std::vector<SteeringPart> split_into_parts(const std::vector<SteeringHandle>& handles) {
  std::vector<SteeringPart> parts(1);
  for (const SteeringHandle& handle : handles) {
    if (parts.back().addresses.size() == kMostSteeredAddresses) parts.emplace_back();
    parts.back().addresses.push_back({handle.bound, handle.slots});
    for (const auto descriptor : kDescriptors) parts.back().fds.push_back((handle.*descriptor).get());
  }
  return parts;
}

Result<std::vector<SteeringHandle>> join_handles(std::vector<SteeredAddress> addresses, std::span<Fd> fds) {
  if (fds.size() != addresses.size() * kFdsPerSteeredAddress)
    return fail(ErrorKind::Invalid, "steering descriptors are missing");
  std::vector<SteeringHandle> handles;
  handles.reserve(addresses.size());
  auto next = fds.begin();
  for (SteeredAddress& address : addresses) {
    SteeringHandle& handle = handles.emplace_back();
    handle.bound = address.bound;
    handle.slots = std::move(address.slots);
    for (const auto descriptor : kDescriptors) handle.*descriptor = std::move(*next++);
  }
  return handles;
}

}  // namespace rollctl::shim
