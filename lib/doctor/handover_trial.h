// SPDX-License-Identifier: MIT
#pragma once

#include "doctor/host_check.h"

namespace rollctl {

// Trials of the ways to hand over. Each does the real thing in a child process with a private network, which
// ends with the child. 10 to 30 ms each; one that takes longer than `limit` is given up. The caller must have
// one thread. Where a private network is not permitted, they report what is known without it.

// "steer-ebpf", "steer-classic": two listeners share a port; one of them is gated, probed, given all new
// connections, and the other settles.
HostCheck try_ebpf_steering(Millis limit);
HostCheck try_classic_steering(Millis limit);

// "classic-program": whether replacing a classic program is safe on this kernel, by its version (no trial).
HostCheck check_classic_fault();

// "migrate": a listener closes with connections in its queue. Works only if this network's
// net.ipv4.tcp_migrate_req is 1, too; `hint` is the command to set it.
HostCheck try_migration(Millis limit);

// "migrate-wakeup": a migrated connection wakes a server that waits in epoll (since upstream commit 3864c6b);
// on other kernels rollctl wakes it.
HostCheck try_migration_wakeup(Millis limit);

// "grace-period": in this process's own network.
HostCheck check_grace_period(Millis limit);

// "socket-list": the kernel lists TCP sockets (module tcp_diag). Every deploy needs it.
HostCheck check_socket_list(Millis limit);

}  // namespace rollctl
