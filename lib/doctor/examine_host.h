// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/result.h"
#include "doctor/host_check.h"
#include "state/paths.h"

namespace rollctl {

// Tries everything that a deploy may need on this host, in child processes with private networks. Blocks for
// half a second, and for 9.5 s at most. The caller must have one thread.
std::vector<HostCheck> examine_host(const Result<Paths>& paths);

}  // namespace rollctl
