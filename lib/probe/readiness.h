// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "loop/scheduler.h"
#include "probe/probe.h"

namespace rollctl {

// Asks one instance repeatedly whether it is ready: `successes` good answers in a row make it ready,
// `failures` bad ones in a row make a ready one unready: one late answer on a busy host is no reason to undo
// a deploy. ProbeAnswer::Unknown counts as neither. It goes on until it is destroyed; deadlines are the
// owner's.
class Readiness {
 public:
  enum class State {
    Unknown,
    Ready,
    Unready,     // after it was ready
    Impossible,  // it cannot be asked, now or later
  };

  // `on_change` is called when the state changes, from the scheduler. The first attempt starts at once.
  // While it is not ready, kinds Listen and Notify, and answers with Retry::Soon, are asked more often than
  // `interval`: after 1 ms, then at growing pauses of up to 20 ms, so that a fast server is ready soon.
  Readiness(Scheduler& scheduler, Probe& probe, ProbeSpec spec, ProbeSubject subject,
            std::function<void()> on_change);
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  [[nodiscard]] State state() const;
  // Why the last attempt found it not ready.
  [[nodiscard]] const std::string& detail() const;
  // Asks at once, because an event may have changed the answer (READY=1 arrived, it listens now). An attempt
  // in progress is waited for; if it fails, another follows at once.
  void look_again();

 private:
  struct Run;
  std::unique_ptr<Run> run_;
};

}  // namespace rollctl
