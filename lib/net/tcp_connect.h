// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// A non-blocking TCP socket bound to `source`; with port 0 the kernel chooses one.
Result<Fd> open_client(const Endpoint& source);

// Begins to connect; the socket becomes writable once the connect has worked or failed. Never blocks.
Status begin_connect(int fd, const Endpoint& target);

// The result of begin_connect(), once the socket is writable.
Status connect_outcome(int fd, const Endpoint& target);

// Sends the first few bytes of a new connection, which its empty buffer takes at once.
Status send_opening(int fd, std::string_view opening);

Result<Endpoint> local_endpoint(int fd);
Result<Endpoint> remote_endpoint(int fd);

}  // namespace rollctl
