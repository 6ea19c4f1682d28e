// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "loop/loop.h"
#include "probe/probe.h"

namespace rollctl {

// As attempt_exec(), but not ready while a process outside the instance listens on `spec.own_port`.
std::unique_ptr<ProbeAttempt> attempt_exec_at_own_port(Loop& loop, const ProbeSpec& spec,
                                                       const ProbeSubject& subject, Probe::Done done);

}  // namespace rollctl
