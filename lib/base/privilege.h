// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>

namespace rollctl {

// Whether this program has more privileges than its caller: file capabilities (setcap(8)) or a set-ID bit. It
// must then run no code that the caller's environment names (AT_SECURE of getauxval(3)).
bool is_privileged();

// Whether a set-user-ID or set-group-ID bit is in effect: it runs as another user or group than its caller.
bool is_set_id();

// Whether this thread may use that capability (CAP_SYS_PTRACE…) now.
bool has_capability(int capability);

// The user who called sudo(8), from $SUDO_UID; nothing unless this is root with a trusted environment.
std::optional<uid_t> sudo_caller();

}  // namespace rollctl
