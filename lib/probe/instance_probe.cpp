// SPDX-License-Identifier: MIT
#include "probe/instance_probe.h"

#include <utility>

#include "probe/exec_attempt.h"
#include "probe/http_attempt.h"
#include "probe/look_attempt.h"
#include "probe/own_port_attempt.h"
#include "probe/tcp_attempt.h"

namespace rollctl {

InstanceProbe::InstanceProbe(Loop& loop, Steering& steering, std::string tls_library)
    : loop_(loop), steering_(steering), tls_(std::move(tls_library)) {}

std::unique_ptr<ProbeAttempt> InstanceProbe::attempt(const ProbeSpec& spec, const ProbeSubject& subject,
                                                     Done done) {
  switch (spec.kind) {
    case ProbeKind::Http:
      return attempt_http(loop_, steering_, nullptr, spec, subject, std::move(done));
    case ProbeKind::Https:
      return attempt_http(loop_, steering_, &tls_, spec, subject, std::move(done));
    case ProbeKind::Tcp:
      return attempt_tcp(loop_, steering_, spec, subject, std::move(done));
    case ProbeKind::Exec:
      return spec.own_port == 0 ? attempt_exec(loop_, spec, std::move(done))
                                : attempt_exec_at_own_port(loop_, spec, subject, std::move(done));
    case ProbeKind::Notify:
    case ProbeKind::Listen:
      break;
  }
  return attempt_look(loop_, spec, subject, std::move(done));
}

}  // namespace rollctl
