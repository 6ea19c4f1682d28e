// SPDX-License-Identifier: MIT
#include "base/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace rollctl {

namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Error bad_address(std::string_view text, std::string_view why) {
  return Error{ErrorKind::Invalid, 0, fmt::format("invalid listen address '{}': {}", text, why),
               "write HOST:PORT, [V6]:PORT or :PORT, for example 0.0.0.0:8080"};
}

}  // namespace

IpAddress IpAddress::v4(uint32_t host_order) {
  IpAddress ip;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), ip.bytes.begin());
  const uint32_t network_order = htonl(host_order);
  std::memcpy(ip.bytes.data() + kMappedPrefix.size(), &network_order, sizeof network_order);
  return ip;
}

IpAddress IpAddress::v6(const in6_addr& address) {
  IpAddress ip;
  std::memcpy(ip.bytes.data(), &address, ip.bytes.size());
  return ip;
}

bool IpAddress::is_v4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

bool IpAddress::is_unspecified() const {
  return *this == v4(INADDR_ANY) || *this == IpAddress{};
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN];
  if (is_v4()) return inet_ntop(AF_INET, bytes.data() + kMappedPrefix.size(), buffer, sizeof buffer);
  return inet_ntop(AF_INET6, bytes.data(), buffer, sizeof buffer);
}

std::string Endpoint::text() const {
  return ip.is_v4() ? fmt::format("{}:{}", ip.text(), port) : fmt::format("[{}]:{}", ip.text(), port);
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& storage) const {
  std::memset(&storage, 0, sizeof storage);
  if (ip.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    std::memcpy(&v4->sin_addr, ip.bytes.data() + kMappedPrefix.size(), sizeof v4->sin_addr);
    return sizeof *v4;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  std::memcpy(&v6->sin6_addr, ip.bytes.data(), sizeof v6->sin6_addr);
  return sizeof *v6;
}

Result<Endpoint> Endpoint::from_sockaddr(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    return Endpoint{IpAddress::v4(ntohl(v4->sin_addr.s_addr)), ntohs(v4->sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    return Endpoint{IpAddress::v6(v6->sin6_addr), ntohs(v6->sin6_port)};
  }
  return fail(ErrorKind::Unsupported, fmt::format("address family {} is not IP", storage.ss_family));
}

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  if (text.starts_with("udp://"))
    return fail(ErrorKind::Unsupported, fmt::format("cannot listen on '{}': UDP is not supported", text),
                "a handover would lose datagrams; use TCP addresses only");
  std::string_view rest = text;
  if (rest.starts_with("tcp://")) rest.remove_prefix(6);
  if (rest.find('\0') != std::string_view::npos) return fail(bad_address(text, "it contains a NUL byte"));
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return fail(bad_address(text, "it has no port"));

  const std::string_view port_text = rest.substr(colon + 1);
  unsigned port = 0;
  const auto [end, failure] = std::from_chars(port_text.begin(), port_text.end(), port);
  if (failure != std::errc() || end != port_text.end() || port == 0 || port > 65535)
    return fail(bad_address(text, "the port is not a number from 1 to 65535"));

  ListenAddress address;
  address.text = std::string(rest);
  address.endpoint.port = static_cast<uint16_t>(port);
  std::string host(rest.substr(0, colon));
  if (host.empty() || host == "*") return address;

  address.host = Host::Ip;
  if (host == "localhost") host = "127.0.0.1";
  in_addr v4{};
  in6_addr v6{};
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, host.c_str(), &v6) != 1)
      return fail(bad_address(text, "the host is not an IPv6 address"));
    address.endpoint.ip = IpAddress::v6(v6);
  } else if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    address.endpoint.ip = IpAddress::v4(ntohl(v4.s_addr));
  } else if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    return fail(bad_address(text, "an IPv6 address needs brackets, as in [::1]:8080"));
  } else {
    return fail(bad_address(text, "the host is not a numeric address"));
  }
  return address;
}

bool ListenAddress::matches(const Endpoint& bound) const {
  if (host == Host::Ip) return bound == endpoint;
  return bound.port == endpoint.port && bound.ip.is_unspecified();
}

Endpoint ListenAddress::connect_endpoint(const Endpoint& bound) const {
  const Endpoint& target = host == Host::Ip ? endpoint : bound;
  if (!target.ip.is_unspecified()) return target;
  if (target.ip.is_v4()) return Endpoint{IpAddress::v4(INADDR_LOOPBACK), target.port};
  return Endpoint{IpAddress::v6(in6addr_loopback), target.port};
}

}  // namespace rollctl
