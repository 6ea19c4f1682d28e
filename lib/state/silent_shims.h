// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "state/instances.h"

namespace rollctl {

// Fails, and says whose, where the shim of any of them is silent: it may bring its server back at any moment,
// and then a change would have been about others than those that are there.
Status check_all_answer(const std::vector<FoundInstance>& found);

// "instance 3: its shim, pid 71, is stopped and does not answer", and what to do about it.
Error silent_shims(const std::vector<InstanceRecord>& silent);

// As by SIGSTOP or a debugger.
bool is_stopped(const ProcessId& process);

}  // namespace rollctl
