// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "loop/loop.h"
#include "probe/probe.h"
#include "steering/steering.h"

struct ssl_ctx_st;

namespace roll {

// Asks real instances: over sockets, by commands, or by what is known of them already. Both parameters are
// borrowed and outlive it; it outlives its attempts.
class InstanceProbe final : public Probe {
 public:
  InstanceProbe(Loop& loop, Steering& steering);
  ~InstanceProbe() override;

  // Exec: the command's process group is killed (SIGKILL) when the command exits, at the time limit and when
  // the attempt is destroyed.
  std::unique_ptr<ProbeAttempt> attempt(const ProbeSpec& spec, const ProbeSubject& subject,
                                        Done done) override;

 private:
  ssl_ctx_st* tls_context();

  Loop& loop_;
  Steering& steering_;
  std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> tls_;
};

}  // namespace roll
