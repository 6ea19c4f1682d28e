// SPDX-License-Identifier: MIT
#pragma once

#include "doctor/host_check.h"
#include "state/paths.h"

namespace rollctl {

// "shim": starts roll-shim as a deploy does, in a folder below that of temporary files, lets it run a program
// that ends at once, and ends it. Every deploy needs it. Takes 20 ms; given up after `limit`. The caller must
// have one thread.
HostCheck try_shim(const Result<Paths>& paths, Millis limit);

}  // namespace rollctl
