// SPDX-License-Identifier: MIT
#include "libroll/listen_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace roll {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

void set_ipv4(ListenAddress& address, in_addr host, std::uint16_t port) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.socket_address);
  *v4 = {};
  v4->sin_family = AF_INET;
  v4->sin_port = htons(port);
  v4->sin_addr = host;
  address.length = sizeof(sockaddr_in);
}

void set_ipv6(ListenAddress& address, const in6_addr& host, std::uint16_t port) {
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.socket_address);
  *v6 = {};
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  v6->sin6_addr = host;
  address.length = sizeof(sockaddr_in6);
}

bool look_up(ListenAddress& address, const std::string& host, std::uint16_t port, std::string& message) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0) {
    message = "no such host: " + std::string(gai_strerror(error));
    return false;
  }
  std::memcpy(&address.socket_address, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  freeaddrinfo(found);
  return true;
}

int open_bound(const ListenAddress& address) {
  int fd = socket(address.socket_address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int on = 1;
  int off = 0;
  // Accepted connections inherit TCP_NODELAY. Headers and a sendfile body are two writes, and Nagle's
  // algorithm would delay the second until the client's acknowledgement.
  bool ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
            setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
  if (ok && address.kind == ListenAddress::Kind::AllAddresses &&
      address.socket_address.ss_family == AF_INET6) {
    ok = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0;
  }
  if (ok) ok = ::bind(fd, reinterpret_cast<const sockaddr*>(&address.socket_address), address.length) == 0;
  if (ok) return fd;
  int error = errno;
  close(fd);
  return -error;
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text, std::string& message) {
  ListenAddress address;
  address.text = text;
  std::size_t colon = text.rfind(':');
  std::optional<std::uint16_t> port;
  if (colon != std::string_view::npos) port = parse_port(text.substr(colon + 1));
  if (!port) {
    message = "want HOST:PORT, [V6]:PORT or :PORT";
    return std::nullopt;
  }
  std::string host(text.substr(0, colon));
  in_addr v4{};
  in6_addr v6{};
  if (host.empty()) {
    address.kind = ListenAddress::Kind::AllAddresses;
    set_ipv6(address, in6addr_any, *port);
  } else if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) != 1) {
      message = "no IPv6 address between the brackets";
      return std::nullopt;
    }
    set_ipv6(address, v6, *port);
  } else if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    set_ipv4(address, v4, *port);
  } else if (host.find_first_of(":[]") != std::string::npos) {
    message = "an IPv6 address stands in brackets: [V6]:PORT";
    return std::nullopt;
  } else if (!look_up(address, host, *port, message)) {
    return std::nullopt;
  }
  return address;
}

int bind_reuseport(const ListenAddress& address) {
  int fd = open_bound(address);
  if (fd == -EAFNOSUPPORT && address.kind == ListenAddress::Kind::AllAddresses) {
    ListenAddress ipv4 = address;
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.socket_address);
    set_ipv4(ipv4, in_addr{INADDR_ANY}, ntohs(v6->sin6_port));
    fd = open_bound(ipv4);
  }
  return fd;
}

}  // namespace roll
