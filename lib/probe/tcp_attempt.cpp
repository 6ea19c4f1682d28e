// SPDX-License-Identifier: MIT
#include "probe/attempt.h"
#include "probe/connector.h"
#include "probe/kinds.h"

namespace roll {

namespace {

class TcpAttempt final : public LoopAttempt {
 public:
  TcpAttempt(Loop& loop, Steering& steering, const ProbeSpec& spec, const ProbeSubject& subject,
             Probe::Done done)
      : LoopAttempt(loop, spec.timeout, std::move(done)), connector_(loop, steering) {
    connector_.start(spec, subject, deadline(), [this](Connector::Outcome outcome) {
      if (outcome.socket)
        ready("accepted a connection to " + connector_.target());
      else
        finish(std::move(outcome.refusal));
    });
  }

 private:
  void timed_out() override {
    not_ready("connecting to " + connector_.target() + " timed out after " + limit_text());
  }

  Connector connector_;
};

}  // namespace

std::unique_ptr<ProbeAttempt> attempt_tcp(Loop& loop, Steering& steering, const ProbeSpec& spec,
                                          const ProbeSubject& subject, Probe::Done done) {
  return std::make_unique<TcpAttempt>(loop, steering, spec, subject, std::move(done));
}

}  // namespace roll
