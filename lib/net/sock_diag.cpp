// SPDX-License-Identifier: MIT
#include "net/sock_diag.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <iterator>
#include <utility>

namespace rollctl {

namespace {

constexpr const char* kContext = "cannot ask the kernel about TCP sockets";

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

Request make_request(int family, uint32_t states, uint16_t flags, uint32_t sequence) {
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  request.header.nlmsg_seq = sequence;
  request.body.sdiag_family = static_cast<uint8_t>(family);
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = states;
  return request;
}

constexpr uint32_t state_bit(int state) {
  return 1U << static_cast<unsigned>(state);
}

constexpr uint32_t kConnected = state_bit(TCP_ESTABLISHED) | state_bit(TCP_CLOSE_WAIT) |
                                state_bit(TCP_LAST_ACK) | state_bit(TCP_FIN_WAIT1) |
                                state_bit(TCP_FIN_WAIT2) | state_bit(TCP_CLOSING);

void put_address(__be32 (&words)[4], const IpAddress& ip) {
  if (ip.is_v4())
    std::memcpy(words, ip.bytes.data() + 12, 4);
  else
    std::memcpy(words, ip.bytes.data(), 16);
}

Error no_tcp_diag() {
  return {ErrorKind::Unsupported, ENOENT,
          "the kernel cannot list TCP sockets: its module tcp_diag is neither loaded nor can it be loaded",
          "modprobe tcp_diag, on the host if this is a container"};
}

}  // namespace

std::vector<uint16_t> ports_of(std::span<const ListenAddress> addresses) {
  std::vector<uint16_t> ports;
  for (const ListenAddress& address : addresses) ports.push_back(address.endpoint.port);
  return ports;
}

Families families_of(std::span<const ListenAddress> addresses) {
  const bool all_v6 = std::ranges::all_of(addresses, [](const ListenAddress& address) {
    return address.host == ListenAddress::Host::Ip && !address.endpoint.ip.is_v4();
  });
  return all_v6 && !addresses.empty() ? Families::V6 : Families::Both;
}

Result<SockDiag> SockDiag::create() {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!socket) return fail(last_os_failure(kContext));
  // The kernel answers within the call; this is a guard against a hang.
  const timeval patience{5, 0};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
    return fail(last_os_failure(kContext));
  return SockDiag(std::move(socket));
}

Status SockDiag::send_request(const void* request, size_t size) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent = 0;
  do {
    sent = ::sendto(socket_.get(), request, size, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return fail(last_os_failure(kContext));
  return {};
}

Result<std::vector<DiagSocket>> SockDiag::receive_reply(uint32_t sequence) {
  std::vector<DiagSocket> sockets;
  for (;;) {
    alignas(nlmsghdr) std::array<std::byte, 16384> buffer;
    sockaddr_nl sender{};
    iovec parts{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    message.msg_iov = &parts;
    message.msg_iovlen = 1;
    const ssize_t size = ::recvmsg(socket_.get(), &message, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(last_os_failure(kContext));
    if (sender.nl_pid != 0) continue;  // not from the kernel
    if ((message.msg_flags & MSG_TRUNC) != 0) return fail(os_failure(kContext, EMSGSIZE));

    DiagPacket packet = parse_diag_packet({buffer.data(), static_cast<size_t>(size)}, sequence);
    if (!packet.valid) return fail(os_failure(kContext, EBADMSG));
    if (packet.os_error != 0) return fail(os_failure(kContext, packet.os_error));
    std::ranges::move(packet.sockets, std::back_inserter(sockets));
    if (packet.done) return sockets;
  }
}

Result<std::vector<DiagSocket>> SockDiag::dump(int family, uint32_t states, uint16_t port, Detail detail) {
  Request request = make_request(family, states, NLM_F_DUMP, ++sequence_);
  request.body.id.idiag_sport = htons(port);  // 0: all; the kernel filters
  if (detail == Detail::Activity) request.body.idiag_ext = 1U << (INET_DIAG_INFO - 1);
  if (auto sent = send_request(&request, sizeof request); !sent) return fail(sent.error());
  return receive_reply(sequence_);
}

Result<std::vector<DiagSocket>> SockDiag::dump_ports(uint32_t states, std::span<const uint16_t> ports,
                                                     Families families, Detail detail) {
  const uint16_t only_port = ports.size() == 1 ? ports.front() : uint16_t{0};
  std::vector<DiagSocket> all;
  for (const int family : {AF_INET, AF_INET6}) {
    if (family == AF_INET && families == Families::V6) continue;
    auto sockets = dump(family, states, only_port, detail);
    if (!sockets && sockets.error().os_error == ENOENT) {
      // A kernel without IPv6 does not know the family; one without tcp_diag knows neither.
      if (family == AF_INET || !dump(AF_INET, states, only_port, detail)) return fail(no_tcp_diag());
      continue;
    }
    if (!sockets) return sockets;
    for (auto& socket : *sockets) {
      if (ports.empty() || std::ranges::find(ports, socket.local.port) != ports.end()) all.push_back(socket);
    }
  }
  return all;
}

Result<std::vector<ListenSocket>> SockDiag::listeners(std::span<const uint16_t> ports, Families families) {
  const auto sockets = dump_ports(state_bit(TCP_LISTEN), ports, families);
  if (!sockets) return fail(sockets.error());
  std::vector<ListenSocket> listeners;
  listeners.reserve(sockets->size());
  for (const auto& socket : *sockets) {
    listeners.push_back({socket.local, socket.inode, socket.cookie, socket.uid, socket.v6only, socket.device,
                         socket.receive_queue, socket.send_queue,
                         socket.family == AF_INET6 && socket.local.ip.is_v4()});
  }
  return listeners;
}

Result<std::vector<ListenSocket>> SockDiag::listeners_on(const Endpoint& bound) {
  auto sockets = listeners(std::span(&bound.port, 1), bound.ip.is_v4() ? Families::Both : Families::V6);
  if (sockets) std::erase_if(*sockets, [&](const ListenSocket& socket) { return socket.bound != bound; });
  return sockets;
}

// As the kernel scores them (compute_score() in net/ipv4/inet_hashtables.c). A dual-stack socket is of the
// family of IPv6.
Result<std::vector<ListenSocket>> SockDiag::listeners_reached(const Endpoint& target) {
  auto sockets = listeners(std::span(&target.port, 1), target.ip.is_v4() ? Families::Both : Families::V6);
  if (!sockets) return sockets;
  const auto is_exact = [&](const ListenSocket& socket) { return socket.bound.ip == target.ip; };
  if (std::ranges::any_of(*sockets, is_exact)) {
    std::erase_if(*sockets, std::not_fn(is_exact));
    return sockets;
  }
  std::erase_if(*sockets, [&](const ListenSocket& socket) {
    const bool same_family = socket.bound.ip.is_v4() == target.ip.is_v4();
    return !socket.bound.ip.is_unspecified() || !(same_family || (target.ip.is_v4() && !socket.v6only));
  });
  return sockets;
}

Result<std::vector<Handshake>> SockDiag::handshakes(const Endpoint& bound) {
  // A request socket has the family of its listener, and an IPv6 one may serve IPv4 clients.
  const auto sockets = dump_ports(state_bit(TCP_SYN_RECV), std::span(&bound.port, 1),
                                  bound.ip.is_v4() ? Families::Both : Families::V6);
  if (!sockets) return fail(sockets.error());
  std::vector<Handshake> handshakes;
  for (const auto& socket : *sockets) {
    if (bound.ip.is_unspecified() || socket.local.ip == bound.ip)
      handshakes.push_back({socket.local, socket.remote});
  }
  std::ranges::sort(handshakes);
  return handshakes;
}

Result<std::vector<Connection>> SockDiag::connections(std::span<const uint16_t> ports) {
  if (ports.empty()) return std::vector<Connection>();
  const auto sockets = dump_ports(kConnected, ports, Families::Both);
  if (!sockets) return fail(sockets.error());
  std::vector<Connection> connections;
  connections.reserve(sockets->size());
  for (const auto& socket : *sockets) connections.push_back({socket.local, socket.remote, socket.inode});
  return connections;
}

Result<std::vector<LiveConnection>> SockDiag::live_connections(std::span<const uint16_t> ports) {
  if (ports.empty()) return std::vector<LiveConnection>();
  const auto sockets = dump_ports(kConnected, ports, Families::Both, Detail::Activity);
  if (!sockets) return fail(sockets.error());
  std::vector<LiveConnection> connections;
  connections.reserve(sockets->size());
  for (const auto& socket : *sockets) {
    if (socket.inode == 0) continue;
    connections.push_back({socket.cookie, socket.inode, socket.state == TCP_ESTABLISHED,
                           socket.receive_queue > 0 || socket.send_queue > 0,
                           socket.quiet.value_or(Millis(0))});
  }
  return connections;
}

Result<DiagSocket> SockDiag::look_up(const Endpoint& local, const Endpoint& remote) {
  const int family = local.ip.is_v4() ? AF_INET : AF_INET6;
  Request request = make_request(family, ~0U, 0, ++sequence_);
  request.body.id.idiag_sport = htons(local.port);
  request.body.id.idiag_dport = htons(remote.port);
  put_address(request.body.id.idiag_src, local.ip);
  put_address(request.body.id.idiag_dst, remote.ip);
  request.body.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  request.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (auto sent = send_request(&request, sizeof request); !sent) return fail(sent.error());

  // The answer to a look-up is one message without an end mark.
  const std::string what = "cannot find the connection from " + remote.text() + " to " + local.text();
  for (;;) {
    alignas(nlmsghdr) std::array<std::byte, 4096> buffer;
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(last_os_failure(what));
    const DiagPacket packet = parse_diag_packet({buffer.data(), static_cast<size_t>(size)}, sequence_);
    if (!packet.valid) return fail(os_failure(what, EBADMSG));
    if (packet.os_error != 0) return fail(os_failure(what, packet.os_error));
    if (packet.sockets.empty()) continue;
    const DiagSocket& found = packet.sockets.front();
    // The kernel falls back to a listener of that port.
    if (found.state == TCP_LISTEN || found.remote.port != remote.port) return fail(os_failure(what, ENOENT));
    return found;
  }
}

Result<uint32_t> SockDiag::connection_inode(const Endpoint& local, const Endpoint& remote) {
  const auto socket = look_up(local, remote);
  if (!socket) return fail(socket.error());
  return socket->inode;
}

Result<bool> SockDiag::is_half_open(const Handshake& handshake) {
  const auto socket = look_up(handshake.local, handshake.remote);
  if (socket) return socket->state == TCP_SYN_RECV;
  if (socket.error().kind == ErrorKind::NotFound) return false;
  return fail(socket.error());
}

}  // namespace rollctl
