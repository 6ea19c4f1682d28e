// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "loop/loop.h"
#include "probe/probe.h"
#include "steering/steering.h"

namespace rollctl {

// An attempt of kind Tcp, as Probe::attempt(). Ready when a connection is established; with
// ProbeSpec::Accepted::ByServer when the server has accepted it or sent something. It is closed at once.
std::unique_ptr<ProbeAttempt> attempt_tcp(Loop& loop, Steering& steering, const ProbeSpec& spec,
                                          const ProbeSubject& subject, Probe::Done done);

}  // namespace rollctl
