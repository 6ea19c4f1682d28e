// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rollctl {

// An IP address as 16 bytes in network order; IPv4 is kept v4-mapped (::ffff:a.b.c.d), as a dual-stack socket
// shows it.
struct IpAddress {
  std::array<uint8_t, 16> bytes{};

  static IpAddress v4(uint32_t host_order);
  static IpAddress v6(const in6_addr& address);
  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] bool is_unspecified() const;  // 0.0.0.0 or ::
  [[nodiscard]] std::string text() const;     // "127.0.0.1", "::1"

  auto operator<=>(const IpAddress&) const = default;
};

// A TCP end point. Port in host order.
struct Endpoint {
  IpAddress ip;
  uint16_t port = 0;

  [[nodiscard]] std::string text() const;  // "127.0.0.1:80", "[::1]:80"
  // Fills `storage` and returns its length; an IPv4 end point becomes a sockaddr_in.
  socklen_t to_sockaddr(sockaddr_storage& storage) const;
  static Result<Endpoint> from_sockaddr(const sockaddr_storage& storage);

  auto operator<=>(const Endpoint&) const = default;
};

// What an app listens on: `HOST:PORT`, `[V6]:PORT` or `:PORT`, the last being whichever wildcard the server
// binds. HOST is numeric or "localhost" (127.0.0.1): what a name means may change between two releases.
struct ListenAddress {
  enum class Host { AnyWildcard, Ip };

  Host host = Host::AnyWildcard;
  Endpoint endpoint;  // with AnyWildcard only the port counts
  std::string text;   // as it was written

  // Invalid, or Unsupported for `udp://…` (moving datagram flows between sockets loses them).
  static Result<ListenAddress> parse(std::string_view text);

  // Does a socket listening on `bound` serve this address? Exact match, except for AnyWildcard.
  [[nodiscard]] bool matches(const Endpoint& bound) const;

  // Where a client on this host reaches it: a wildcard becomes the loopback address of its family.
  [[nodiscard]] Endpoint connect_endpoint(const Endpoint& bound) const;

  bool operator==(const ListenAddress& other) const {
    return host == other.host && endpoint == other.endpoint;
  }
};

}  // namespace rollctl
