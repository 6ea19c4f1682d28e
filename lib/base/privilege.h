// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>

namespace rollctl {

// Has this program more power than the user who called it: by file capabilities, setcap(8), or by a
// set-user-ID or set-group-ID bit? Then that user's environment names no code: AT_SECURE of getauxval(3).
bool is_privileged();

// The same by one of the bits alone: it acts as another user, or group, than the one who called it.
bool is_set_id();

// Whoever root works for by sudo(8), as it says; nobody where the environment is not to be believed.
std::optional<uid_t> sudo_caller();

}  // namespace rollctl
