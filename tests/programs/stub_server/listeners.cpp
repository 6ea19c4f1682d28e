// SPDX-License-Identifier: MIT
#include "listeners.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cstdlib>

namespace rollctl::stub {
namespace {

constexpr int kFirstInherited = 3;  // SD_LISTEN_FDS_START

Result<std::vector<Fd>> inherited_listeners() {
  const char* count_text = std::getenv("LISTEN_FDS");
  const char* pid_text = std::getenv("LISTEN_PID");
  if (count_text == nullptr || pid_text == nullptr || std::atoi(pid_text) != getpid()) {
    return fail(ErrorKind::Invalid,
                "no sockets were passed: LISTEN_FDS and LISTEN_PID are not for this process");
  }
  std::vector<Fd> listeners;
  for (int i = 0; i < std::atoi(count_text); ++i) {
    listeners.emplace_back(kFirstInherited + i);
    fcntl(listeners.back().get(), F_SETFD, FD_CLOEXEC);
    if (auto set = set_nonblocking(listeners.back().get()); !set) return fail(set.error());
  }
  return listeners;
}

Endpoint endpoint_to_bind(const ListenAddress& address) {
  if (address.host == ListenAddress::Host::Ip) return address.endpoint;
  return {IpAddress::v6(in6addr_any), address.endpoint.port};
}

Result<Fd> bind_listener(const Plan& plan, const ListenAddress& address) {
  sockaddr_storage storage{};
  socklen_t length = endpoint_to_bind(address).to_sockaddr(storage);
  Fd listener(socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listener) return fail(last_os_failure("cannot open a socket"));
  int on = 1;
  int only_ipv6 = plan.only_ipv6 ? 1 : 0;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (plan.reuse_port) setsockopt(listener.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (storage.ss_family == AF_INET6) {
    setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only_ipv6, sizeof only_ipv6);
  }
  setsockopt(listener.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // inherited by connections
  if (bind(listener.get(), reinterpret_cast<sockaddr*>(&storage), length) < 0) {
    return fail(last_os_failure("cannot bind " + address.text));
  }
  return listener;
}

}  // namespace

Result<std::vector<Fd>> bind_listeners(const Plan& plan) {
  if (plan.inherits) return inherited_listeners();
  std::vector<Fd> listeners;
  for (const auto& address : plan.listen) {
    auto listener = bind_listener(plan, address);
    if (!listener) return fail(listener.error());
    listeners.push_back(std::move(*listener));
    if (plan.only_first_address) break;
  }
  return listeners;
}

std::string bound_address(int socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &length) < 0) return {};
  auto endpoint = Endpoint::from_sockaddr(storage);
  return endpoint ? endpoint->text() : std::string();
}

}  // namespace rollctl::stub
