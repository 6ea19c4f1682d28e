// SPDX-License-Identifier: MIT
#pragma once

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// Where a socket that rollctl itself opens for that address is bound: `:PORT` is [::], with IPV6_V6ONLY off;
// everything else is what it says.
Endpoint endpoint_to_open(const ListenAddress& address);

// A TCP socket with SO_REUSEPORT, bound and listening, blocking, close-on-exec. It is in its group at once.
// On a host without IPv6 `:PORT` becomes 0.0.0.0. Busy where the port is taken, saying by whom: by a socket
// of another user or by one without SO_REUSEPORT, with which the kernel shares it with nobody.
Result<Fd> open_listener(const ListenAddress& address);

}  // namespace rollctl
