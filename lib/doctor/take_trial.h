// SPDX-License-Identifier: MIT
#pragma once

#include "doctor/host_check.h"

namespace rollctl {

// "take-listener": listeners are taken out of running servers (pidfd_getfd), tried on child processes that
// are gone afterwards, and with a socket that listens nowhere. Works where a server's parent may, which its
// shim is; the message says whether other processes of this user may as well. Given up after `limit`,
// usually done in 2 ms. The caller must have one thread.
HostCheck try_taking_listeners(Millis limit);

}  // namespace rollctl
