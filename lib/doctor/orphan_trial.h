// SPDX-License-Identifier: MIT
#pragma once

#include "doctor/host_check.h"

namespace rollctl {

// Whether the process that orphans go to waits for them: pid 1, or a subreaper above rollctl. The shims of
// rollctl are orphans; one that nobody waits for stays as a zombie when it has ended, until the container
// stops. Blocks for at most half a second, and forks.
HostCheck try_orphans(Millis limit);

}  // namespace rollctl
