// SPDX-License-Identifier: MIT
#include "load/surroundings.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace rollctl::load {
namespace {

bool is_loopback_v4(const IpAddress& ip) {
  return ip.is_v4() && ip.bytes[12] == 127;
}

}  // namespace

tl::expected<Fd, Dialer::Failure> Dialer::dial(const Endpoint& target) {
  sockaddr_storage address{};
  socklen_t length = target.to_sockaddr(address);
  Fd socket(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return tl::unexpected(Failure{"socket", errno});
  if (source_addresses_ > 1 && is_loopback_v4(target.ip)) {
    // Without a port: connect() then takes one that is free for this 4-tuple, not one free for all.
    int on = 1;
    setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + next_++ % source_addresses_);
    if (bind(socket.get(), reinterpret_cast<sockaddr*>(&source), sizeof source) < 0) {
      return tl::unexpected(Failure{"socket", errno});
    }
  }
  if (connect(socket.get(), reinterpret_cast<sockaddr*>(&address), length) < 0 && errno != EINPROGRESS) {
    return tl::unexpected(Failure{"connect", errno});
  }
  return socket;
}

bool Surroundings::may_send() {
  if (stopping) return false;
  if (!requests_left) return true;
  if (*requests_left == 0) return false;
  --*requests_left;
  return true;
}

void Surroundings::watch(int fd, Pollable& owner) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &owner;
  epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event);
}

}  // namespace rollctl::load
