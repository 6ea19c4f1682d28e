// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "net/diag_message.h"

namespace rollctl {

struct ListenSocket {
  Endpoint bound;
  uint32_t inode = 0;   // as in /proc/PID/fd: "socket:[INODE]"
  uint64_t cookie = 0;  // SO_COOKIE, unique until a reboot
  uint32_t uid = 0;     // effective uid of its creator
  bool v6only = false;  // IPV6_V6ONLY
  int device = 0;       // SO_BINDTODEVICE as an interface index, 0: any
  uint32_t accept_queue = 0;
  uint32_t backlog = 0;
  bool mapped = false;  // an IPv6 socket with an IPv4 address (::ffff:a.b.c.d), as the JVM opens it
};

// A connection between two end points, seen from the server.
struct Connection {
  Endpoint local;
  Endpoint remote;
  uint32_t inode = 0;  // 0: not accepted yet, or closed by its process

  auto operator<=>(const Connection&) const = default;
};

// A connection that a process has accepted and not closed.
struct LiveConnection {
  uint64_t cookie = 0;  // SO_COOKIE
  uint32_t inode = 0;
  bool is_established = false;  // neither end has closed
  bool has_data = false;        // that the server has not read, or the client has not acknowledged
  Millis quiet{0};              // since data was sent or received
};

// A half-open handshake (SYN_RECV). The kernel does not tell which listener it belongs to.
struct Handshake {
  Endpoint local;
  Endpoint remote;

  auto operator<=>(const Handshake&) const = default;
};

enum class Families { V6, Both };

// The ports of the addresses (host order), in their order.
std::vector<uint16_t> ports_of(std::span<const ListenAddress> addresses);

// The families of sockets that can serve one of the addresses. An IPv6 socket can have an IPv4 address.
Families families_of(std::span<const ListenAddress> addresses);

// Asks the kernel about the TCP sockets of the network namespace in which it was created, over one
// NETLINK_SOCK_DIAG socket. Every user may ask about all users' sockets. A call blocks while the kernel
// answers: less than 1 ms, a few ms with tens of thousands of sockets. Unsupported where the kernel has no
// module tcp_diag.
class SockDiag {
 public:
  static Result<SockDiag> create();

  // All listening sockets, or those on one of `ports` (host order). The kernel walks through all listening
  // sockets of the host, once for each family.
  Result<std::vector<ListenSocket>> listeners(std::span<const uint16_t> ports = {},
                                              Families families = Families::Both);

  // The listening sockets on exactly `bound`.
  Result<std::vector<ListenSocket>> listeners_on(const Endpoint& bound);

  // The listening sockets that a connection from this host to `target` can reach: those on exactly that
  // address, else on its wildcard.
  Result<std::vector<ListenSocket>> listeners_reached(const Endpoint& target);

  // The half-open handshakes with listeners on `bound`, sorted.
  Result<std::vector<Handshake>> handshakes(const Endpoint& bound);

  // Whether a handshake is still half-open: one look-up, whose cost does not depend on the number of sockets.
  Result<bool> is_half_open(const Handshake& handshake);

  // The connections of `ports` that still exchange data or a close: ESTABLISHED, CLOSE_WAIT, LAST_ACK,
  // FIN_WAIT1, FIN_WAIT2, CLOSING.
  Result<std::vector<Connection>> connections(std::span<const uint16_t> ports);

  // Those of them that a process has open, with what they do. Asks for struct tcp_info: three times as slow.
  Result<std::vector<LiveConnection>> live_connections(std::span<const uint16_t> ports);

  // The inode of the server's end of one connection; 0 before it is accepted. NotFound where the connection
  // does not exist.
  Result<uint32_t> connection_inode(const Endpoint& local, const Endpoint& remote);

 private:
  explicit SockDiag(Fd socket) : socket_(std::move(socket)) {}
  // What the kernel tells of each socket.
  enum class Detail { Address, Activity };
  Result<std::vector<DiagSocket>> dump(int family, uint32_t states, uint16_t port, Detail detail);
  Status send_request(const void* request, size_t size);
  Result<std::vector<DiagSocket>> receive_reply(uint32_t sequence);
  Result<DiagSocket> look_up(const Endpoint& local, const Endpoint& remote);
  Result<std::vector<DiagSocket>> dump_ports(uint32_t states, std::span<const uint16_t> ports,
                                             Families families, Detail detail = Detail::Address);

  Fd socket_;
  uint32_t sequence_ = 0;
};

}  // namespace rollctl
