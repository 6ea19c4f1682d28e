// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/clock.h"

namespace rollctl {

// A TCP socket as NETLINK_SOCK_DIAG describes it (struct inet_diag_msg and its attributes).
struct DiagSocket {
  int family = 0;  // AF_INET or AF_INET6
  int state = 0;   // TCP_ESTABLISHED, TCP_LISTEN, …
  Endpoint local;
  Endpoint remote;
  uint32_t receive_queue = 0;  // LISTEN: connections that wait for accept()
  uint32_t send_queue = 0;     // LISTEN: the backlog
  uint32_t uid = 0;
  uint32_t inode = 0;  // 0: no descriptor refers to it (not accepted yet, or closed)
  int device = 0;      // interface index, 0: any
  uint64_t cookie = 0;
  bool v6only = false;               // told of listening IPv6 sockets only
  std::optional<Millis> quiet = {};  // since data was sent or received; told with INET_DIAG_INFO
};

// The contents of one received packet.
struct DiagPacket {
  std::vector<DiagSocket> sockets;
  bool done = false;  // the dump has ended
  int os_error = 0;   // the kernel's refusal, as an errno
  bool valid = true;  // false: malformed; `sockets` has the messages before the fault
};

// Parses a packet without trusting any length in it. Skips messages of another `sequence`, which answer an
// older request. Pure; `packet` must be aligned for struct nlmsghdr.
DiagPacket parse_diag_packet(std::span<const std::byte> packet, uint32_t sequence);

}  // namespace rollctl
