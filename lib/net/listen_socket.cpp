// SPDX-License-Identifier: MIT
#include "net/listen_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "net/sock_diag.h"

namespace rollctl {

namespace {

// The kernel limits it to net.core.somaxconn.
constexpr int kBacklog = 4096;

bool set_option(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// Whether a socket on one of them keeps the other from being bound.
bool overlap(const Endpoint& one, const Endpoint& other) {
  return one.port == other.port &&
         (one.ip == other.ip || one.ip.is_unspecified() || other.ip.is_unspecified());
}

Error failure(const ListenAddress& address, const Endpoint& target) {
  Error error = last_os_failure("cannot open " + address.text);
  if (error.os_error != EADDRINUSE) return error;
  error.kind = ErrorKind::Busy;
  auto diag = SockDiag::create();
  const auto sockets = diag ? diag->listeners(std::span(&target.port, 1)) : fail(diag.error());
  if (!sockets) return error;
  for (const ListenSocket& socket : *sockets) {
    if (!overlap(socket.bound, target)) continue;
    const std::string who = socket.bound.text() + " was opened as user " + std::to_string(socket.uid);
    error.message += socket.uid == ::geteuid()
                         ? ": " + who + ", too, but without SO_REUSEPORT"
                         : ": " + who + ", this one would be as user " + std::to_string(::geteuid()) +
                               ": the kernel lets only sockets of one user share a port";
    break;
  }
  return error;
}

Result<Fd> open_at(const ListenAddress& address, const Endpoint& target) {
  sockaddr_storage storage{};
  const socklen_t size = target.to_sockaddr(storage);
  Fd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool is_any = address.host == ListenAddress::Host::AnyWildcard;
  const bool is_dual = is_any && storage.ss_family == AF_INET6;
  if (!fd || !set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
      !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1) ||
      (is_dual && !set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0)) ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 ||
      ::listen(fd.get(), kBacklog) != 0)
    return fail(failure(address, target));
  return fd;
}

}  // namespace

Endpoint endpoint_to_open(const ListenAddress& address) {
  if (address.host == ListenAddress::Host::Ip) return address.endpoint;
  return {IpAddress::v6(in6addr_any), address.endpoint.port};
}

Result<Fd> open_listener(const ListenAddress& address) {
  auto fd = open_at(address, endpoint_to_open(address));
  const bool is_any = address.host == ListenAddress::Host::AnyWildcard;
  if (!fd && is_any && fd.error().os_error == EAFNOSUPPORT)
    return open_at(address, {IpAddress::v4(INADDR_ANY), address.endpoint.port});
  return fd;
}

}  // namespace rollctl
