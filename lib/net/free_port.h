// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.h"

namespace rollctl {

// A TCP port of 127.0.0.1 that nobody has bound at this moment. Somebody may be quicker than its user: to
// keep it bound until then would keep out just its user, and none who binds it with SO_REUSEADDR as well,
// whatever his uid (inet_csk_bind_conflict()). That an outgoing connection takes it by chance is unlikely:
// the kernel gives those ports of the other parity first (__inet_hash_connect()). So whoever asks there looks
// whom he asks.
Result<uint16_t> find_free_port();

}  // namespace rollctl
