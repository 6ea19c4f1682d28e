// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/process_ref.h"
#include "base/result.h"

namespace rollctl {

// The descriptors of other processes. The kernel shows them where ptrace(2) would be allowed: to the user of
// the process, and with CAP_SYS_PTRACE. Root without that capability, as in most containers, acts as that
// user here: it looks with his file system ids, and takes in a short-lived child with his real ids. Nobody
// but CAP_SYS_PTRACE sees a process that is not dumpable (PR_SET_DUMPABLE, file capabilities, a program that
// its user may not read).

// A descriptor that refers to a socket.
struct OpenSocket {
  int descriptor = -1;
  uint32_t inode = 0;
};

// The sockets that a process has open. os_error is EACCES or EPERM where this user may not look, ENOENT or
// ESRCH where the process has gone.
Result<std::vector<OpenSocket>> open_sockets(pid_t pid);

// Duplicates of descriptors of a process, in the order of `descriptors`. os_error is EBADF where a descriptor
// was closed, ESRCH where the process has gone, EACCES or EPERM where this user may not take it.
// Waits for the child for at most kActingPatience: the user of the process can stop it.
std::vector<Result<Fd>> take_descriptors(const ProcessRef& process, std::span<const int> descriptors);
inline constexpr Millis kActingPatience{300};

// Whether a descriptor of this process is that socket: the other process may have closed it, and used its
// number for another file, since it was listed.
bool refers_to(int fd, uint32_t inode);

// Whether the kernel lets this process, as the parent, take descriptors of dumpable processes of that user
// and group: NotPermitted or Unsupported with the reason and a hint. Forks nothing: what a security module
// adds shows only when one is taken.
Status taking_available(uid_t uid, gid_t gid);

// kernel.yama.ptrace_scope; empty without Yama.
std::string yama_scope();

}  // namespace rollctl
