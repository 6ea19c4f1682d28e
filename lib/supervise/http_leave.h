// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "base/clock.h"
#include "process/orders.h"
#include "supervise/roles.h"

namespace rollctl {

// The time in a drain, before the server gets its signal, in which the clients of its HTTP/1 connections
// leave.
class HttpLeave {
 public:
  // A look costs processor time, so the next one waits for kIdleTimes as long as it took, within these
  // bounds.
  static constexpr Millis kShortestPause{5};
  static constexpr Millis kLongestPause{100};
  static constexpr int kIdleTimes = 4;

  explicit HttpLeave(HttpClients& clients) : clients_(clients) {}

  // True where the clients are asked now; call look() at due() until it returns false. False where they
  // cannot be asked: report() says why.
  bool begin(const DrainOrder& order, const Clock& clock);

  // Whether to go on; else end() is next.
  bool look(const Clock& clock, TimePoint latest_end);

  // The connections are as before. Nothing happens where it is not active.
  void end();

  [[nodiscard]] bool is_active() const { return is_active_; }
  [[nodiscard]] std::optional<TimePoint> due() const {
    return is_active_ ? std::optional(due_) : std::nullopt;
  }
  [[nodiscard]] const HttpReport& report() const { return report_; }

 private:
  HttpClients& clients_;
  Millis silence_{0};
  bool is_active_ = false;
  TimePoint due_{};
  HttpReport report_;
};

}  // namespace rollctl
