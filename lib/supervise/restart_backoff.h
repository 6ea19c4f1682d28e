// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "base/clock.h"
#include "process/launch_spec.h"

namespace rollctl {

// Decides when a server that ended is started again. The delay doubles with every restart up to
// `max_backoff`, and is `backoff` again once a server has been ready for kStable. Pure.
class RestartBackoff {
 public:
  static constexpr Millis kStable{10'000};

  // The delay before the next restart, which due() then tells. Nothing after `give_up` restarts in a row
  // without a ready server.
  std::optional<Millis> plan(const LaunchSpec& spec, TimePoint now);

  void server_ready(TimePoint now);

  // Restarts since a server was last ready, the planned one included.
  [[nodiscard]] int attempts() const { return attempts_; }
  [[nodiscard]] TimePoint due() const { return due_; }

 private:
  int attempts_ = 0;
  int doublings_ = 0;
  std::optional<TimePoint> ready_since_;
  TimePoint due_{};
};

}  // namespace rollctl
