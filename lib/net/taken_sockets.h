// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/fd.h"
#include "base/process_ref.h"
#include "base/result.h"

namespace rollctl {

struct TakenSocket {
  Fd fd;  // a duplicate; while it is open the connection stays open, too
  uint32_t inode = 0;
};

// Calls `use` once for each of the sockets with these inodes (sorted) that a process tree has open. Takes a
// few hundred at a time, so that neither end runs out of descriptors. Passes over sockets that are closed
// meanwhile and processes that have gone. Needs ptrace rights (take_descriptors()): NotPermitted where a
// process of the tree refuses, after the sockets of the others. Blocks for about 10 us a socket.
Status take_sockets(const ProcessId& root, std::span<const uint32_t> inodes,
                    const std::function<void(const TakenSocket&)>& use);

}  // namespace rollctl
