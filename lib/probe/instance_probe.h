// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "loop/loop.h"
#include "probe/probe.h"
#include "probe/tls_client.h"
#include "steering/steering.h"

namespace rollctl {

// The real Probe: asks over sockets, by commands, or from the subject. Loop and steering must outlive it, and
// it must outlive its attempts. `tls_library` is the path of libroll-tls.so.
class InstanceProbe final : public Probe {
 public:
  InstanceProbe(Loop& loop, Steering& steering, std::string tls_library);

  // Exec: the command's process group is killed (SIGKILL) when the command exits, at the time limit and when
  // the attempt is destroyed.
  std::unique_ptr<ProbeAttempt> attempt(const ProbeSpec& spec, const ProbeSubject& subject,
                                        Done done) override;

 private:
  Loop& loop_;
  Steering& steering_;
  TlsClient tls_;
};

}  // namespace rollctl
