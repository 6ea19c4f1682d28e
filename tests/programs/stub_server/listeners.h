// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "behaviours.h"

namespace rollctl::stub {

// One non-blocking listener for each address of the plan, bound and not yet listening (a socket joins its
// SO_REUSEPORT group only at listen()). `:PORT` is `[::]` with IPV6_V6ONLY off. With Plan::inherits those of
// $LISTEN_FDS, which listen already.
Result<std::vector<Fd>> bind_listeners(const Plan& plan);

// The address that a socket is bound to, as text.
std::string bound_address(int socket);

}  // namespace rollctl::stub
