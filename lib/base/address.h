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

// An IP address as 16 bytes in network order. IPv4 is v4-mapped (::ffff:a.b.c.d), as on a dual-stack socket.
struct IpAddress {
  std::array<uint8_t, 16> bytes{};

  static IpAddress v4(uint32_t host_order);
  static IpAddress v6(const in6_addr& address);
  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] bool is_unspecified() const;  // 0.0.0.0 or ::
  [[nodiscard]] std::string text() const;     // "127.0.0.1", "::1"

  auto operator<=>(const IpAddress&) const = default;
};

// A TCP endpoint; the port is in host order.
struct Endpoint {
  IpAddress ip;
  uint16_t port = 0;

  [[nodiscard]] std::string text() const;  // "127.0.0.1:80", "[::1]:80"
  // Fills `storage` and returns its length; an IPv4 endpoint becomes a sockaddr_in.
  socklen_t to_sockaddr(sockaddr_storage& storage) const;
  static Result<Endpoint> from_sockaddr(const sockaddr_storage& storage);

  auto operator<=>(const Endpoint&) const = default;
};

// An address that an app listens on: `HOST:PORT`, `[V6]:PORT` or `:PORT`
// (either wildcard). HOST is numeric or "localhost" (127.0.0.1); other names
// are refused, since they may resolve differently for the next release.
struct ListenAddress {
  enum class Host { AnyWildcard, Ip };

  Host host = Host::AnyWildcard;
  Endpoint endpoint;  // with AnyWildcard only the port is used
  std::string text;   // as the user wrote it

  // Invalid if malformed. Unsupported for `udp://…`: a handover would lose datagrams.
  static Result<ListenAddress> parse(std::string_view text);

  // Whether a socket bound to `bound` serves this address: an exact match, except for AnyWildcard.
  [[nodiscard]] bool matches(const Endpoint& bound) const;

  // The endpoint to which a local client connects: a wildcard becomes the loopback address of its family.
  [[nodiscard]] Endpoint connect_endpoint(const Endpoint& bound) const;

  bool operator==(const ListenAddress& other) const {
    return host == other.host && endpoint == other.endpoint;
  }
};

}  // namespace rollctl
