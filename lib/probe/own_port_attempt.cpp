// SPDX-License-Identifier: MIT
#include "probe/own_port_attempt.h"

#include <utility>

#include "probe/attempt.h"
#include "probe/exec_attempt.h"
#include "probe/ownership.h"

namespace rollctl {

namespace {

class RefusedAttempt final : public LoopAttempt {
 public:
  RefusedAttempt(Loop& loop, const ProbeSpec& spec, const Error& error, Probe::Done done)
      : LoopAttempt(loop, spec.timeout, std::move(done)) {
    failed(error);
  }

 private:
  void timed_out() override {}
};

Status check_port(const ProbeSpec& spec, const ProbeSubject& subject) {
  return Ownership(subject.instance, subject.server()).check_port(spec.own_port);
}

}  // namespace

// rollctl cannot see which listener the command connects to. So it checks the port's listeners before the
// command starts and after it has reported success.
std::unique_ptr<ProbeAttempt> attempt_exec_at_own_port(Loop& loop, const ProbeSpec& spec,
                                                       const ProbeSubject& subject, Probe::Done done) {
  if (const Status checked = check_port(spec, subject); !checked)
    return std::make_unique<RefusedAttempt>(loop, spec, checked.error(), std::move(done));
  return attempt_exec(loop, spec, [spec, subject, done = std::move(done)](const ProbeResult& result) {
    if (result.answer == ProbeAnswer::Ready)
      if (const Status checked = check_port(spec, subject); !checked) return done(result_of(checked.error()));
    done(result);
  });
}

}  // namespace rollctl
