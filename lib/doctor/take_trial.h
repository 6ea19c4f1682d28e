// SPDX-License-Identifier: MIT
#pragma once

#include "doctor/host_check.h"

namespace rollctl {

// "take-listener": takes a socket out of a child process (pidfd_getfd), as rollctl takes listeners out of
// servers. Works if the parent may, as a shim does; the message says whether other processes of this user
// may, too. Takes 2 ms, given up after `limit`. The caller must have one thread.
HostCheck try_taking_listeners(Millis limit);

}  // namespace rollctl
