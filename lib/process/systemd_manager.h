// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace rollctl {

// Whose manager: the system's (root's), or the user's own.
enum class SystemdScope { System, User };

// The systemd that can start what this user deploys. Unsupported, with the reason, where
// - none runs (sd_booted(3): there is no /run/systemd/system), or the user has no manager of their own;
// - it runs in another pid or network namespace than the caller: what it starts would listen elsewhere;
// - the user's manager ends with the user's last log-out, and all servers with it (no lingering).
// Never blocks.
Result<SystemdScope> find_systemd();

// Whether systemd keeps that user's manager when nobody is logged in any more (loginctl(1), enable-linger).
bool is_lingering(uid_t uid);

}  // namespace rollctl
