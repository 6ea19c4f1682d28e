// SPDX-License-Identifier: MIT
// Feeds arbitrary bytes to the parser of what the kernel says about sockets (libFuzzer).
#include <cstdint>
#include <cstring>
#include <vector>

#include "net/diag_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // An exact copy, so that a read past the end is seen; allocations are aligned as the parser wants it.
  std::vector<std::byte> packet(size);
  if (size != 0) std::memcpy(packet.data(), data, size);
  const rollctl::DiagPacket parsed = rollctl::parse_diag_packet(packet, 0);
  return parsed.sockets.size() > size ? -1 : 0;
}
