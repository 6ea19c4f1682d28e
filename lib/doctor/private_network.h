// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"

namespace rollctl {

// Moves the calling process, which must have one thread, into a new network namespace with `lo` up: every
// port is free there, and settings are the kernel's defaults. Without CAP_SYS_ADMIN it moves into a new user
// namespace as well: it has every capability over the new network, and loses those that it had outside. It
// cannot go back; the namespaces end with their last process and socket. NotPermitted or Unsupported where
// the host allows neither.
Status enter_private_network();

}  // namespace rollctl
