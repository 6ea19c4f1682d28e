// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "state/instances.h"

namespace rollctl {

// Fails, naming the instances, if any of their shims is silent: it may restart its server at any moment, in
// the middle of a change.
Status check_all_answer(const std::vector<FoundInstance>& found);

// "instance 3: its shim, pid 71, is stopped and does not answer", with a hint.
Error silent_shims(const std::vector<InstanceRecord>& silent);

// By SIGSTOP or a debugger.
bool is_stopped(const ProcessId& process);

}  // namespace rollctl
