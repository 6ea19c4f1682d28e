// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// One packet of a SOCK_SEQPACKET unix socket, with the descriptors that came along (SCM_RIGHTS).
struct Packet {
  std::string text;
  std::vector<Fd> fds;
};

// A packet carries at most this many descriptors; the kernel's bound (SCM_MAX_FD) is 253.
inline constexpr size_t kMaxPacketFds = 250;
// A longer packet is refused by the receiver.
inline constexpr size_t kMaxPacketText = size_t{256} * 1024;

// Sockets named `name` in the folder `dir`, whose path may be longer than a socket's address holds.
// Non-blocking, close-on-exec. The listening socket's file has mode 0600; one that is there is replaced.
Result<Fd> listen_for_packets(const std::string& dir, const std::string& name);
// The same in two steps: whoever connects in between is refused.
Result<Fd> bind_for_packets(const std::string& dir, const std::string& name);
Status listen_for_packets(int bound);
// Blocks while the listener's backlog is full, at most `timeout`; with 0 it never does. Busy then.
Result<Fd> connect_for_packets(const std::string& dir, const std::string& name, Millis timeout);
// Nothing when nobody waits. Never blocks.
Result<std::optional<Fd>> accept_for_packets(int listener);

// Never blocks: Busy when the peer does not read. No SIGPIPE. The descriptors are borrowed.
Status send_packet(int fd, std::string_view text, std::span<const int> fds = {});

// Nothing when there is none yet; NotFound when the peer has closed; Invalid for a packet that is too long
// (it is gone then). Never blocks.
Result<std::optional<Packet>> receive_packet(int fd);

// The same, but blocks until there is one.
Result<Packet> await_packet(int fd);

// NotPermitted unless the peer was root or this user when it connected (SO_PEERCRED).
Status check_peer(int fd);

}  // namespace rollctl
