// SPDX-License-Identifier: MIT
#include "net/free_port.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/fd.h"

namespace rollctl {

Result<uint16_t> find_free_port() {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  socklen_t size = Endpoint{IpAddress::v4(INADDR_LOOPBACK), 0}.to_sockaddr(storage);
  if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return fail(last_os_failure("cannot find a free port"));
  const auto endpoint = Endpoint::from_sockaddr(storage);
  if (!endpoint) return fail(endpoint.error());
  return endpoint->port;
}

}  // namespace rollctl
