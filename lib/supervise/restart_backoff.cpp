// SPDX-License-Identifier: MIT
#include "supervise/restart_backoff.h"

#include <algorithm>

namespace rollctl {

std::optional<Millis> RestartBackoff::plan(const LaunchSpec& spec, TimePoint now) {
  if (attempts_ >= spec.give_up) return std::nullopt;
  if (ready_since_ && now - *ready_since_ >= kStable) doublings_ = 0;
  ready_since_.reset();
  Millis delay = spec.backoff;
  for (int i = 0; i < doublings_ && delay < spec.max_backoff; ++i) delay *= 2;
  delay = std::min(delay, spec.max_backoff);
  ++doublings_;
  ++attempts_;
  due_ = now + delay;
  return delay;
}

void RestartBackoff::server_ready(TimePoint now) {
  attempts_ = 0;
  ready_since_ = now;
}

}  // namespace rollctl
