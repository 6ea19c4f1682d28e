// SPDX-License-Identifier: MIT
#pragma once

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// The end point to bind for that address: [::] for `:PORT`, with IPV6_V6ONLY off; else the address itself.
Endpoint endpoint_to_open(const ListenAddress& address);

// A TCP socket with SO_REUSEPORT, bound and listening, blocking, close-on-exec. It is in its group at once.
// On a host without IPv6 `:PORT` becomes 0.0.0.0. Busy where a socket of another user or one without
// SO_REUSEPORT has the port; the message names its holder.
Result<Fd> open_listener(const ListenAddress& address);

}  // namespace rollctl
