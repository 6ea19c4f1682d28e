// SPDX-License-Identifier: MIT
#include <utility>

#include "probe/attempt.h"
#include "probe/kinds.h"
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

// Whom the command asks nobody sees: so nobody else listens there before it, nor after it has said that all
// is well.
std::unique_ptr<ProbeAttempt> attempt_exec_at_own_port(Loop& loop, const ProbeSpec& spec,
                                                       const ProbeSubject& subject, Probe::Done done) {
  if (const Status checked = check_port(spec, subject); !checked)
    return std::make_unique<RefusedAttempt>(loop, spec, checked.error(), std::move(done));
  return attempt_exec(loop, spec, [spec, subject, done = std::move(done)](const ProbeResult& result) {
    if (result.verdict == ProbeResult::Verdict::Ready)
      if (const Status checked = check_port(spec, subject); !checked) return done(result_of(checked.error()));
    done(result);
  });
}

}  // namespace rollctl
