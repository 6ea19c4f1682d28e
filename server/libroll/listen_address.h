// SPDX-License-Identifier: MIT
// A listen address: its text, and a socket bound to it.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

#include "libroll/roll.h"

namespace roll {

struct ListenAddress {
  // `AllAddresses` is [::] with IPV6_V6ONLY off, and 0.0.0.0 where the kernel has no IPv6.
  enum class Kind { Literal, AllAddresses };
  Kind kind = Kind::Literal;
  sockaddr_storage socket_address{};
  socklen_t length = 0;
  std::string text;  // as written
};

// HOST:PORT, [V6]:PORT or :PORT; with port 0 the kernel chooses one. A host name is resolved, which may
// block. On failure `message` has the reason.
std::optional<ListenAddress> parse_listen_address(std::string_view text, std::string& message);

// A non-blocking close-on-exec socket, bound with SO_REUSEPORT. It joins its group only at listen(2). Returns
// the descriptor, or -errno.
int bind_reuseport(const ListenAddress& address);

}  // namespace roll
