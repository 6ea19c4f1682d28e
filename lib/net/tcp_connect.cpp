// SPDX-License-Identifier: MIT
#include "net/tcp_connect.h"

#include <sys/socket.h>

#include <cerrno>

namespace rollctl {

namespace {

std::string connecting(const Endpoint& target) {
  return "cannot connect to " + target.text();
}

template <typename GetName>
Result<Endpoint> name_of(int fd, GetName get_name) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (get_name(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return fail(last_os_failure("cannot read a connection's addresses"));
  return Endpoint::from_sockaddr(storage);
}

}  // namespace

Result<Fd> open_client(const Endpoint& source) {
  const std::string what = "cannot open a connection from " + source.ip.text();
  Fd fd(::socket(source.ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail(last_os_failure(what));
  sockaddr_storage storage;
  const socklen_t size = source.to_sockaddr(storage);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0) return fail(last_os_failure(what));
  return fd;
}

Status begin_connect(int fd, const Endpoint& target) {
  sockaddr_storage storage;
  const socklen_t size = target.to_sockaddr(storage);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&storage), size) == 0 || errno == EINPROGRESS) return {};
  return fail(last_os_failure(connecting(target)));
}

Status connect_outcome(int fd, const Endpoint& target) {
  int os_error = 0;
  socklen_t size = sizeof os_error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &os_error, &size) != 0)
    return fail(last_os_failure(connecting(target)));
  if (os_error != 0) return fail(os_failure(connecting(target), os_error));
  return {};
}

Status send_opening(int fd, std::string_view opening) {
  if (opening.empty()) return {};
  const ssize_t sent = ::send(fd, opening.data(), opening.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(opening.size())) return {};
  return fail(sent < 0 ? last_os_failure("cannot send to a new connection")
                       : os_failure("cannot send to a new connection", EAGAIN));
}

Result<Endpoint> local_endpoint(int fd) {
  return name_of(fd, ::getsockname);
}

Result<Endpoint> remote_endpoint(int fd) {
  return name_of(fd, ::getpeername);
}

}  // namespace rollctl
