// SPDX-License-Identifier: MIT
// Any bytes to the parser of sock_diag packets.
#include <cstdint>
#include <cstring>
#include <vector>

#include "net/diag_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // An exact copy, so that a sanitizer sees a read past the end; allocations have the alignment it needs.
  std::vector<std::byte> packet(size);
  if (size != 0) std::memcpy(packet.data(), data, size);
  const rollctl::DiagPacket parsed = rollctl::parse_diag_packet(packet, 0);
  return parsed.sockets.size() > size ? -1 : 0;
}
