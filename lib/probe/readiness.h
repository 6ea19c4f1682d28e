// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "loop/scheduler.h"
#include "probe/probe.h"

namespace rollctl {

// Asks one instance again and again whether it is ready: `successes` good answers in a row make it ready,
// `successes` bad ones in a row make a ready one unready; what could not be asked (Verdict::Unknown of an
// attempt) counts as neither. It goes on until it is destroyed; deadlines are the
// owner's.
class Readiness {
 public:
  enum class Verdict { Unknown, Ready, Unready };

  // `on_change` is called when the verdict changes, from the scheduler. The first attempt starts at once.
  // While nothing else is to be waited for (Listen, Notify, and answers that say Retry::Soon) and it is not
  // ready, it looks more often than `interval`: after 1 ms, then ever more slowly up to 20 ms, so that a fast
  // server is not kept waiting.
  Readiness(Scheduler& scheduler, Probe& probe, ProbeSpec spec, ProbeSubject subject,
            std::function<void()> on_change);
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  [[nodiscard]] Verdict verdict() const;
  // Of the last attempt: why it is not ready.
  [[nodiscard]] const std::string& detail() const;
  // Something happened that may have changed the answer (READY=1 arrived, it listens now): asks at once, or,
  // where an attempt is in progress that fails, at once after it.
  void look_again();

 private:
  struct Run;
  std::unique_ptr<Run> run_;
};

}  // namespace rollctl
