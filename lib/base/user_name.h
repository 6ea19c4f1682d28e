// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

namespace roll {

// The user's name, or the number where it has none. Blocks on the user database.
std::string user_name(uid_t uid);

}  // namespace roll
