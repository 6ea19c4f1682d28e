// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.h"

namespace rollctl {

// A TCP port of 127.0.0.1 that is not bound at this moment. Another process may take it before the caller's
// server does, so a client must check who listens. Keeping it bound would not help: it would keep out the
// server, but no process that binds with SO_REUSEADDR (inet_csk_bind_conflict()). An outgoing connection
// rarely takes it: the kernel gives those ports of the other parity first (__inet_hash_connect()).
Result<uint16_t> find_free_port();

}  // namespace rollctl
