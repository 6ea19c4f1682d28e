// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace rollctl {

// The system's manager, for root, or the user's own.
enum class SystemdScope { System, User };

// The manager that can run this user's servers. Unsupported, with the reason, if
// - no systemd runs (sd_booted(3): no /run/systemd/system), or the user has no manager;
// - the manager runs in another pid or network namespace than the caller: servers would listen elsewhere;
// - the user's manager ends at the last log-out, and all servers with it (no lingering).
// Never blocks.
Result<SystemdScope> find_systemd();

// Whether the user's manager stays after the last log-out (loginctl(1), enable-linger).
bool is_lingering(uid_t uid);

}  // namespace rollctl
