// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"

namespace rollctl {

// Moves the calling process, which must have one thread, into a network namespace of its own with `lo` up:
// every port is free there and settings are the kernel's defaults. Where the process may not make one
// (CAP_SYS_ADMIN) it moves into a user namespace of its own as well, in which it has every capability over
// that network, and none that it may have had outside. There is no way back; the namespaces go with their
// last process and socket. NotPermitted or Unsupported where neither may be made.
Status enter_private_network();

}  // namespace rollctl
