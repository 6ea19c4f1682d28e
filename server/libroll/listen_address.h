// SPDX-License-Identifier: MIT
// Where a server listens: the text that users write, and the socket that joins the port.
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

// HOST:PORT, [V6]:PORT or :PORT; the port is 0 to 65535, 0 lets the kernel choose. A host that is no literal
// is looked up, which may block. On failure `message` says why.
std::optional<ListenAddress> parse_listen_address(std::string_view text, std::string& message);

// A non-blocking close-on-exec socket, bound with SO_REUSEPORT but not listening: as long as it does not, it
// is in no group. Returns the descriptor, or -errno.
int bind_reuseport(const ListenAddress& address);

}  // namespace roll
