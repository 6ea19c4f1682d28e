// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.h"

namespace rollctl {

// Limits how often clients are told of a server's status, which it may change as often as it likes: at once,
// then at most every kInterval.
class ReportInterval {
 public:
  static constexpr Millis kInterval{100};

  // The status changed.
  void request(TimePoint now) {
    if (!due_) due_ = std::max(now, last_ + kInterval);
  }
  // Clients were told, with whatever event.
  void told(TimePoint now) {
    if (due_) last_ = now;
    due_.reset();
  }
  void cancel() { due_.reset(); }

  [[nodiscard]] std::optional<TimePoint> due() const { return due_; }

 private:
  std::optional<TimePoint> due_;
  TimePoint last_{};
};

}  // namespace rollctl
