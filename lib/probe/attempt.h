// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "base/error.h"
#include "loop/loop.h"
#include "probe/probe.h"

namespace rollctl {

// The result of an attempt that failed with this error: Unknown for a shortage of resources, else NotReady.
ProbeResult result_of(const Error& error, ProbeResult::Retry retry = ProbeResult::Retry::AtInterval);

// Shared by attempts of all kinds: one result, delivered from the loop, and the time limit.
class LoopAttempt : public ProbeAttempt {
 protected:
  LoopAttempt(Loop& loop, Millis timeout, Probe::Done done);

  [[nodiscard]] Loop& loop() const { return loop_; }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

  // Only the first result counts. The callback runs later from a timer, and may destroy the attempt.
  void finish(ProbeResult result);
  void ready(std::string detail) { finish({ProbeAnswer::Ready, std::move(detail)}); }
  void not_ready(std::string detail) { finish({ProbeAnswer::NotReady, std::move(detail)}); }

  void failed(const Error& error) { finish(result_of(error)); }

  // Begins the time limit anew: the instance is asked only now. To find it by its connections, without
  // steering, can take most of the limit, and says nothing of the instance.
  void restart_limit();

  // "1s", for messages about the time limit.
  [[nodiscard]] std::string limit_text() const;

  // The time limit was reached; must finish().
  virtual void timed_out() = 0;

 private:
  Loop& loop_;
  Millis timeout_;
  TimePoint deadline_;
  Probe::Done done_;
  ProbeResult result_;
  Watch limit_;
  Watch delivery_;
};

}  // namespace rollctl
