// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <cstddef>

namespace rollctl {

// RLIMIT_NOFILE. rollctl and its shims raise the soft limit to the hard limit. Programs that they start get
// the original limit back: some loop over all descriptors or use select(2), and rely on a low soft limit.

// Raises the soft limit to the hard limit and remembers the original. Call it once, before starting any
// process. On failure the limit stays.
void raise_descriptor_limit();

// Restores the original limit in a child before exec. Only system calls; false with errno on failure. Does
// nothing if the limit was not raised.
bool restore_descriptor_limit();

// The limit with which this process was started.
rlimit original_descriptor_limit();

// The current soft limit: every descriptor is below it.
size_t descriptor_limit();

}  // namespace rollctl
