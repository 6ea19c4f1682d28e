// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/address.h"
#include "base/packet_socket.h"
#include "base/result.h"

namespace rollctl {

class JsonReader;

// The common parts of requests and replies; see shim_protocol.h.
namespace shim {

// One steered address, without its descriptors. These travel beside the packet, five per address: program,
// sockets, state, probes, counters.
struct SteeredAddress {
  Endpoint bound;
  std::vector<uint32_t> slots;
};

inline constexpr size_t kFdsPerSteeredAddress = 5;
inline constexpr size_t kMostSteeredAddresses = kMaxPacketFds / kFdsPerSteeredAddress;  // in one packet

// The member "addresses". A message without it has none.
nlohmann::json addresses_to_json(const std::vector<SteeredAddress>& addresses);
Status read_addresses(const JsonReader& message, std::vector<SteeredAddress>& target);

// "HOST:PORT", with an IP address for the host.
void read_endpoint(JsonReader& reader, const char* name, Endpoint& target);

// Invalid for a message without the version of the protocol, "v".
Status check_version(JsonReader& message);

}  // namespace shim
}  // namespace rollctl
