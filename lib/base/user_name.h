// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

namespace rollctl {

// The user's name, or its number if it has none. Blocks on the user database.
std::string user_name(uid_t uid);

// For messages: "user 33 (www-data)", "user 4711". Blocks on the user database.
std::string user_text(uid_t uid);

// Whether the user is in the group, as its primary or a further one. Blocks on the user database.
bool is_in_group(uid_t uid, gid_t gid);

}  // namespace rollctl
