// SPDX-License-Identifier: MIT
#pragma once

#include "doctor/host_check.h"

namespace rollctl {

// Both take a socket out of a child process (pidfd_getfd), as rollctl takes listeners out of servers. They
// take 2 ms, are given up after `limit`, and need a caller with one thread.
//
// "take-listener": works if the parent may, as a shim does; the message says whether other processes of this
// user may, too.
HostCheck try_taking_listeners(Millis limit);
// "take-as-user": the same with a child of another user, as servers with `user` are. For root.
HostCheck try_taking_of_other_user(Millis limit);

}  // namespace rollctl
