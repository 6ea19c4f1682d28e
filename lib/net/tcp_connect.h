// SPDX-License-Identifier: MIT
#pragma once

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// A non-blocking TCP socket bound to `source`; port 0 lets the kernel choose one. The source of a connection
// to an address of this host is that address.
Result<Fd> open_client(const Endpoint& source);

// Begins to connect; the socket becomes writable when it has or has failed. Over loopback the handshake is
// mostly over when this returns.
Status begin_connect(int fd, const Endpoint& target);

// The end of begin_connect(): nothing wrong, or why it failed.
Status connect_outcome(int fd, const Endpoint& target);

Result<Endpoint> local_endpoint(int fd);
Result<Endpoint> remote_endpoint(int fd);

}  // namespace rollctl
