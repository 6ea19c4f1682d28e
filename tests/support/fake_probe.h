// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>

#include "probe/probe.h"
#include "support/fake_instances.h"

namespace rollctl::test {

// Takes a reachable server's readiness from its script.
class FakeProbe final : public Probe {
 public:
  FakeProbe(FakeScheduler& scheduler, const FakeInstances& instances)
      : scheduler_(scheduler), instances_(instances) {}

  Micros takes{500};

  std::unique_ptr<ProbeAttempt> attempt(const ProbeSpec& spec, const ProbeSubject& subject,
                                        Done done) override {
    auto attempt = std::make_unique<Timed>();
    attempt->timer = scheduler_.after(
        takes, [this, kind = spec.kind, subject, done = std::move(done)] { done(answer(kind, subject)); });
    return attempt;
  }

 private:
  struct Timed final : ProbeAttempt {
    Watch timer;
  };

  [[nodiscard]] ProbeResult answer(ProbeKind kind, const ProbeSubject& subject) const {
    if (!subject.shared_port())
      return {ProbeAnswer::NotReady, "does not listen yet", ProbeResult::Retry::Soon};
    const FakeServer* server = instances_.find(subject.instance);
    if (server == nullptr || !server->listening) return {ProbeAnswer::NotReady, "connection refused"};
    if (!server->ready) return {ProbeAnswer::NotReady, "GET / answered 503"};
    if (kind == ProbeKind::Listen && subject.steady && !subject.steady())
      return {ProbeAnswer::NotReady, "is still starting", ProbeResult::Retry::Soon};
    return {ProbeAnswer::Ready};
  }

  FakeScheduler& scheduler_;
  const FakeInstances& instances_;
};

}  // namespace rollctl::test
