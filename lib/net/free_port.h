// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.h"

namespace roll {

// A TCP port of 127.0.0.1 that nobody has bound at this moment. Somebody may be quicker than its user.
Result<uint16_t> find_free_port();

}  // namespace roll
