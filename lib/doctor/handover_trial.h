// SPDX-License-Identifier: MIT
#pragma once

#include "doctor/host_check.h"

namespace rollctl {

// What handing over takes, each really done, in a child process and a network of its own, which nobody else
// sees and which is gone afterwards. 10 to 30 ms each; one that takes longer than `limit` is given up. The
// caller must have one thread. Where no such network may be made they say what can be told without.

// "steer-ebpf", "steer-classic": two listeners share a port; one of them is gated, probed, given all new
// connections, and the other settles.
HostCheck try_ebpf_steering(Millis limit);
HostCheck try_classic_steering(Millis limit);

// "migrate": a listener closes whose connections nobody has accepted. Works only where this network's
// net.ipv4.tcp_migrate_req is 1 as well; `hint` is the command for it where the kernel can.
HostCheck try_migration(Millis limit);

// "migrate-wakeup": the server that such a connection moves to notices it by itself, waiting in epoll (since
// upstream commit 3864c6b); on other kernels rollctl wakes it.
HostCheck try_migration_wakeup(Millis limit);

// "grace-period"; of the process as it is, in no other network.
HostCheck check_grace_period(Millis limit);

}  // namespace rollctl
