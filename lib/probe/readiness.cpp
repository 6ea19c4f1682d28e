// SPDX-License-Identifier: MIT
#include "probe/readiness.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rollctl {

namespace {

// Each pause is a quarter longer than the one before: the delay is at most 1 ms and a quarter of the time
// that the server took.
constexpr Micros kFirstPause{1000};
constexpr Micros kLongestPause{20'000};

}  // namespace

struct Readiness::Run {
  Run(Scheduler& scheduler_given, Probe& probe_given, ProbeSpec spec_given, ProbeSubject subject_given,
      std::function<void()> on_change_given)
      : scheduler(scheduler_given),
        probe(probe_given),
        spec(std::move(spec_given)),
        subject(std::move(subject_given)),
        on_change(std::move(on_change_given)) {}

  Scheduler& scheduler;
  Probe& probe;
  ProbeSpec spec;
  ProbeSubject subject;
  std::function<void()> on_change;

  State state = State::Unknown;
  std::string detail;
  std::string last_failure;
  ProbeAnswer last = ProbeAnswer::NotReady;
  int in_a_row = 0;
  Micros pause = kFirstPause;
  bool asking = false;
  bool look_again = false;
  std::unique_ptr<ProbeAttempt> attempt;
  Watch timer;

  void ask() {
    timer.reset();
    asking = true;
    look_again = false;
    attempt = probe.attempt(spec, subject, [this](const ProbeResult& result) { answered(result); });
  }

  void answered(const ProbeResult& result) {
    asking = false;
    const bool good = result.answer == ProbeAnswer::Ready;
    const bool is_answer = result.answer == ProbeAnswer::Ready || result.answer == ProbeAnswer::NotReady;
    if (is_answer) {
      in_a_row = result.answer == last ? in_a_row + 1 : 1;
      last = result.answer;
    }
    if (!good) detail = last_failure = result.detail;

    const State before = state;
    if (good && in_a_row >= spec.successes) state = State::Ready;
    if (good) detail = state == State::Ready ? std::string() : too_few();
    if (state == State::Ready && result.answer == ProbeAnswer::NotReady && in_a_row >= spec.failures)
      state = State::Unready;
    if (result.answer == ProbeAnswer::Impossible) state = State::Impossible;
    timer = scheduler.after(pause_after(result), [this] { ask(); });
    if (state == before) return;
    // The callback may destroy this object.
    const auto call = on_change;
    call();
  }

  // One that answers well now and then has to tell why it was not ready in between.
  [[nodiscard]] std::string too_few() const {
    std::string text = fmt::format("answered well {} of {} times in a row", in_a_row, spec.successes);
    if (!last_failure.empty()) text += ", before that: " + last_failure;
    return text;
  }

  Micros pause_after(const ProbeResult& result) {
    const bool good = result.answer == ProbeAnswer::Ready;
    if (look_again && !good) return Micros(0);
    const bool waits_for_an_event = spec.kind == ProbeKind::Listen || spec.kind == ProbeKind::Notify ||
                                    result.retry == ProbeResult::Retry::Soon;
    if (good || state == State::Ready || !waits_for_an_event) {
      pause = kFirstPause;
      return spec.interval;
    }
    const Micros now = std::min<Micros>(pause, spec.interval);
    pause = std::min(pause * 5 / 4, kLongestPause);
    return now;
  }
};

Readiness::Readiness(Scheduler& scheduler, Probe& probe, ProbeSpec spec, ProbeSubject subject,
                     std::function<void()> on_change)
    : run_(std::make_unique<Run>(scheduler, probe, std::move(spec), std::move(subject),
                                 std::move(on_change))) {
  run_->ask();
}

Readiness::~Readiness() = default;

Readiness::State Readiness::state() const {
  return run_->state;
}

const std::string& Readiness::detail() const {
  return run_->detail;
}

void Readiness::look_again() {
  if (run_->asking)
    run_->look_again = true;
  else
    run_->ask();
}

}  // namespace rollctl
