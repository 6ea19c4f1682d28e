// SPDX-License-Identifier: MIT
#include "supervise/http_leave.h"

#include <algorithm>
#include <utility>

namespace rollctl {

bool HttpLeave::begin(const DrainOrder& order, const Clock& clock) {
  silence_ = order.http_silence;
  const Status begun = clients_.begin(order.http);
  is_active_ = begun.has_value();
  report_ = {};
  if (!begun) report_.problem = begun.error().message;
  due_ = clock.now();
  return is_active_;
}

bool HttpLeave::look(const Clock& clock, TimePoint latest_end) {
  const TimePoint began = clock.now();
  HttpLook found = clients_.look(silence_);
  const TimePoint now = clock.now();
  report_ = std::move(found.report);
  due_ = now + std::clamp<TimePoint::duration>(kIdleTimes * (now - began), kShortestPause, kLongestPause);
  return found.awaited > 0 && now < latest_end;
}

void HttpLeave::end() {
  if (std::exchange(is_active_, false)) clients_.end();
}

}  // namespace rollctl
