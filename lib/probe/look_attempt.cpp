// SPDX-License-Identifier: MIT
#include "probe/look_attempt.h"

#include "probe/attempt.h"

namespace rollctl {

namespace {

class LookAttempt final : public LoopAttempt {
 public:
  LookAttempt(Loop& loop, const ProbeSpec& spec, const ProbeSubject& subject, Probe::Done done)
      : LoopAttempt(loop, spec.timeout, std::move(done)) {
    if (spec.kind == ProbeKind::Notify) {
      if (subject.notified_ready())
        ready("sent READY=1");
      else
        not_yet("has not sent READY=1 yet");
    } else {
      if (subject.shared_port() && subject.steady && !subject.steady())
        not_yet("listens on " + spec.listen + ", but is still starting");
      else if (subject.shared_port())
        ready("listens");
      else
        not_yet(not_listening_text(spec));
    }
  }

 private:
  void not_yet(std::string detail) {
    finish({ProbeAnswer::NotReady, std::move(detail), ProbeResult::Retry::Soon});
  }
  void timed_out() override { not_ready("timed out after " + limit_text()); }
};

}  // namespace

std::unique_ptr<ProbeAttempt> attempt_look(Loop& loop, const ProbeSpec& spec, const ProbeSubject& subject,
                                           Probe::Done done) {
  return std::make_unique<LookAttempt>(loop, spec, subject, std::move(done));
}

}  // namespace rollctl
