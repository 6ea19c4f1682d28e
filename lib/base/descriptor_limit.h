// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <cstddef>

namespace rollctl {

// How many descriptors this process may have (RLIMIT_NOFILE). rollctl and its shims take all that the hard
// limit allows. What they start gets back what they were started with: a program that loops over all
// descriptors, or watches them with select(2), relies on a low soft limit.

// Raises the soft limit to the hard one, and remembers what it was. To be called once, before anything is
// started. Where it fails all stays as it is.
void raise_descriptor_limit();

// Gives a child that is about to execute something the limit back. System calls only; false with errno. Does
// nothing where nothing was raised.
bool restore_descriptor_limit();

// What this process was started with.
rlimit original_descriptor_limit();

// The soft limit now: a descriptor's number is below it.
size_t descriptor_limit();

}  // namespace rollctl
