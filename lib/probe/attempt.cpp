// SPDX-License-Identifier: MIT
#include "probe/attempt.h"

#include "base/duration.h"

namespace rollctl {

ProbeResult result_of(const Error& error, ProbeResult::Retry retry) {
  const auto answer = is_shortage(error) ? ProbeAnswer::Unknown : ProbeAnswer::NotReady;
  return {answer, error.message, retry};
}

LoopAttempt::LoopAttempt(Loop& loop, Millis timeout, Probe::Done done)
    : loop_(loop),
      timeout_(timeout),
      deadline_(loop.now() + timeout),
      done_(std::move(done)),
      limit_(loop.after(timeout, [this] { timed_out(); })) {}

void LoopAttempt::finish(ProbeResult result) {
  if (delivery_) return;
  limit_.reset();
  result_ = std::move(result);
  delivery_ = loop_.after(Micros(0), [this] {
    const auto done = std::move(done_);
    const auto final_result = std::move(result_);
    done(final_result);
  });
}

void LoopAttempt::restart_limit() {
  deadline_ = loop_.now() + timeout_;
  limit_ = loop_.after(timeout_, [this] { timed_out(); });
}

std::string LoopAttempt::limit_text() const {
  return format_duration(timeout_);
}

}  // namespace rollctl
