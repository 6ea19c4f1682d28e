// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "loop/loop.h"
#include "probe/probe.h"

namespace rollctl {

// An attempt of kind Notify or Listen, as Probe::attempt(): answers from the subject alone.
std::unique_ptr<ProbeAttempt> attempt_look(Loop& loop, const ProbeSpec& spec, const ProbeSubject& subject,
                                           Probe::Done done);

}  // namespace rollctl
