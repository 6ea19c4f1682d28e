// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "loop/loop.h"
#include "probe/probe.h"
#include "probe/tls_client.h"
#include "steering/steering.h"

namespace rollctl {

// The attempts, one file per kind; they keep the promises of Probe::attempt().

// Also Https. `tls` is borrowed, null for Http.
std::unique_ptr<ProbeAttempt> attempt_http(Loop& loop, Steering& steering, TlsClient* tls,
                                           const ProbeSpec& spec, const ProbeSubject& subject,
                                           Probe::Done done);
// Ready when a connection is established or, as the specification says, when the server has accepted it or
// sent something; it is closed at once.
std::unique_ptr<ProbeAttempt> attempt_tcp(Loop& loop, Steering& steering, const ProbeSpec& spec,
                                          const ProbeSubject& subject, Probe::Done done);
// The command runs in a process group of its own, which is killed when the command has exited, at the time
// limit, and when the attempt is destroyed.
std::unique_ptr<ProbeAttempt> attempt_exec(Loop& loop, const ProbeSpec& spec, Probe::Done done);
// The same where the command may ask `spec.own_port`: fails while somebody else listens there.
std::unique_ptr<ProbeAttempt> attempt_exec_at_own_port(Loop& loop, const ProbeSpec& spec,
                                                       const ProbeSubject& subject, Probe::Done done);
// Notify and Listen: what the subject already knows.
std::unique_ptr<ProbeAttempt> attempt_look(Loop& loop, const ProbeSpec& spec, const ProbeSubject& subject,
                                           Probe::Done done);

// "does not listen on 0.0.0.0:8080 yet"
std::string not_listening_text(const ProbeSpec& spec);

}  // namespace rollctl
