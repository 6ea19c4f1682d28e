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

// One packet of a SOCK_SEQPACKET unix socket, with its descriptors (SCM_RIGHTS).
struct Packet {
  std::string text;
  std::vector<Fd> fds;
};

// At most so many descriptors per packet; the kernel's limit (SCM_MAX_FD) is 253.
inline constexpr size_t kMaxPacketFds = 250;
// The receiver refuses longer packets.
inline constexpr size_t kMaxPacketText = size_t{256} * 1024;

// Sockets named `name` in the folder `dir`, whose path may be longer than a socket address can hold.
// Non-blocking, close-on-exec. The listening socket's file has mode 0600 and replaces an existing one.
Result<Fd> listen_for_packets(const std::string& dir, const std::string& name);
// The same in two steps; connections between the two are refused.
Result<Fd> bind_for_packets(const std::string& dir, const std::string& name);
Status listen_for_packets(int bound);
// Blocks while the listener's backlog is full, for at most `timeout`; 0: never. Busy after that.
Result<Fd> connect_for_packets(const std::string& dir, const std::string& name, Millis timeout);
// Nothing if no client waits. Never blocks.
Result<std::optional<Fd>> accept_for_packets(int listener);

// Never blocks: Busy if the peer does not read. No SIGPIPE. The descriptors are borrowed.
Status send_packet(int fd, std::string_view text, std::span<const int> fds = {});

// Nothing if no packet has arrived; NotFound if the peer has closed the connection; Invalid for a packet that
// is too long, which is dropped. Never blocks.
Result<std::optional<Packet>> receive_packet(int fd);

// Blocks until a packet arrives.
Result<Packet> await_packet(int fd);

// NotPermitted unless the peer was root or this user when it connected (SO_PEERCRED).
Status check_peer(int fd);

}  // namespace rollctl
