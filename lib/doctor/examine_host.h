// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/result.h"
#include "doctor/host_check.h"
#include "state/paths.h"

namespace rollctl {

// Tries all that a deploy may need on this host, in child processes and private networks of their own. Blocks
// for 2.6 s at most. The caller must have one thread.
std::vector<HostCheck> examine_host(const Result<Paths>& paths);

}  // namespace rollctl
