// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"
#include "net/diag_message.h"

namespace rollctl {

struct ListenSocket {
  Endpoint bound;
  uint32_t inode = 0;   // as in /proc/PID/fd: "socket:[INODE]"
  uint64_t cookie = 0;  // SO_COOKIE, never used twice until a reboot
  uint32_t uid = 0;     // effective uid of its creator
  bool v6only = false;  // IPV6_V6ONLY
  int device = 0;       // SO_BINDTODEVICE as an interface index, 0: any
  uint32_t accept_queue = 0;
  uint32_t backlog = 0;
};

// A connection between two end points, seen from the server.
struct Connection {
  Endpoint local;
  Endpoint remote;
  uint32_t inode = 0;  // 0: not accepted yet, or closed by its process

  auto operator<=>(const Connection&) const = default;
};

// A half-open handshake (SYN_RECV). Nothing tells which listener it belongs to.
struct Handshake {
  Endpoint local;
  Endpoint remote;

  auto operator<=>(const Handshake&) const = default;
};

enum class Families { V4, V6, Both };

// Those that sockets have which serve one of the addresses.
Families families_of(std::span<const ListenAddress> addresses);

// Asks the kernel about the TCP sockets of one network namespace, the one in which it was created, over one
// NETLINK_SOCK_DIAG socket. Any user may ask about everybody's sockets. Calls block only while the kernel
// answers: a few ms where there are tens of thousands of sockets, else a fraction of one.
class SockDiag {
 public:
  static Result<SockDiag> create();

  // Everything that listens, or what listens on one of `ports` (host order). The kernel walks through all
  // that listens on the host, once for each family.
  Result<std::vector<ListenSocket>> listeners(std::span<const uint16_t> ports = {},
                                              Families families = Families::Both);

  // What listens on exactly `bound`.
  Result<std::vector<ListenSocket>> listeners_on(const Endpoint& bound);

  // What takes a connection from this host to `target`: what listens on exactly that, else on its wildcard.
  Result<std::vector<ListenSocket>> listeners_reached(const Endpoint& target);

  // The half-open handshakes with listeners on `bound`, sorted.
  Result<std::vector<Handshake>> handshakes(const Endpoint& bound);

  // Whether one of these is still half-open: a look-up, whose cost does not depend on the number of sockets.
  Result<bool> is_half_open(const Handshake& handshake);

  // The connections of `ports` that have data or a close to exchange yet: ESTABLISHED, CLOSE_WAIT, LAST_ACK,
  // FIN_WAIT1, FIN_WAIT2, CLOSING.
  Result<std::vector<Connection>> connections(std::span<const uint16_t> ports);

  // The inode of the server's end of one connection, 0 while it has not been accepted. NotFound where there
  // is no such connection (any more).
  Result<uint32_t> connection_inode(const Endpoint& local, const Endpoint& remote);

 private:
  explicit SockDiag(Fd socket) : socket_(std::move(socket)) {}
  Result<std::vector<DiagSocket>> dump(int family, uint32_t states, uint16_t port);
  Status send_request(const void* request, size_t size);
  Result<std::vector<DiagSocket>> receive_reply(uint32_t sequence);
  Result<DiagSocket> look_up(const Endpoint& local, const Endpoint& remote);
  Result<std::vector<DiagSocket>> dump_ports(uint32_t states, std::span<const uint16_t> ports,
                                             Families families);

  Fd socket_;
  uint32_t sequence_ = 0;
};

}  // namespace rollctl
