// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "loop/loop.h"
#include "probe/probe.h"
#include "probe/tls_client.h"
#include "steering/steering.h"

namespace rollctl {

// An attempt of kind Http or Https, as Probe::attempt(). `tls` is borrowed; null for Http.
std::unique_ptr<ProbeAttempt> attempt_http(Loop& loop, Steering& steering, TlsClient* tls,
                                           const ProbeSpec& spec, const ProbeSubject& subject,
                                           Probe::Done done);

}  // namespace rollctl
