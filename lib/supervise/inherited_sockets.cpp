// SPDX-License-Identifier: MIT
#include "supervise/inherited_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <utility>

#include "net/listen_socket.h"

namespace rollctl {

namespace {

Result<InheritedSockets::Socket> open_one(const ListenAddress& address) {
  auto fd = open_listener(address);
  if (!fd) return fail(fd.error());
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  struct stat status{};
  if (::getsockname(fd->get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0 ||
      ::fstat(fd->get(), &status) != 0)
    return fail(last_os_failure("cannot look at the socket on " + address.text));
  const auto bound = Endpoint::from_sockaddr(storage);
  if (!bound) return fail(bound.error());
  return InheritedSockets::Socket{std::move(*fd), *bound, static_cast<uint32_t>(status.st_ino)};
}

bool listens(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value != 0;
}

Status make_blocking(int fd, const ListenAddress& address) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0 && ((flags & O_NONBLOCK) == 0 || ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0)) return {};
  return fail(last_os_failure("cannot make the socket on " + address.text + " blocking"));
}

}  // namespace

Status InheritedSockets::open() {
  for (size_t i = 0; i < addresses_.size(); ++i) {
    if (i < sockets_.size() && listens(sockets_[i].fd.get())) {
      if (Status made = make_blocking(sockets_[i].fd.get(), addresses_[i]); !made) return made;
      continue;
    }
    auto opened = open_one(addresses_[i]);
    if (!opened) {
      close();
      return fail(opened.error());
    }
    if (i == sockets_.size()) sockets_.emplace_back();
    sockets_[i] = std::move(*opened);
  }
  return {};
}

}  // namespace rollctl
