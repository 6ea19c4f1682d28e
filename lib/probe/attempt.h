// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "base/error.h"
#include "loop/loop.h"
#include "probe/probe.h"

namespace rollctl {

// What an attempt that failed so comes to: NotReady, or Unknown where that says nothing about the instance.
ProbeResult result_of(const Error& error, ProbeResult::Retry retry = ProbeResult::Retry::AtInterval);

// What the attempts of all kinds share: one result, delivered from the loop, and the time limit.
class LoopAttempt : public ProbeAttempt {
 protected:
  LoopAttempt(Loop& loop, Millis timeout, Probe::Done done);

  [[nodiscard]] Loop& loop() const { return loop_; }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

  // Only the first counts. The callback runs from a timer of its own, so that the caller may go on and
  // whoever is called may destroy the attempt.
  void finish(ProbeResult result);
  void ready(std::string detail) { finish({ProbeResult::Verdict::Ready, std::move(detail)}); }
  void not_ready(std::string detail) { finish({ProbeResult::Verdict::NotReady, std::move(detail)}); }

  void failed(const Error& error) { finish(result_of(error)); }

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
