// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/sock_diag.h"

namespace rollctl {

// Wakes servers that do not notice connections in their accept queue: before upstream commit 3864c6b the
// kernel moved connections from a closed listener without waking epoll, and on a quiet port they would wait
// for the next client. Where a queue stays above 0 for 5 ms, this opens and closes a connection, and the
// server accepts all. Use it for some ms after an old listener has closed.
class Nudge {
 public:
  // For all listeners on `addresses`.
  static Result<std::unique_ptr<Nudge>> create(std::vector<Endpoint> addresses, Millis bound,
                                               const Clock& clock);

  enum class Progress { Watching, Over };

  // Checks once, and nudges where necessary. Over: every queue is empty, or `bound` has passed. To be called
  // about every millisecond. Never blocks.
  Progress poll();

  [[nodiscard]] size_t nudges() const { return nudges_; }

 private:
  Nudge(SockDiag diag, std::vector<Endpoint> addresses, TimePoint deadline, const Clock& clock)
      : diag_(std::move(diag)), addresses_(std::move(addresses)), deadline_(deadline), clock_(clock) {}

  SockDiag diag_;
  std::vector<Endpoint> addresses_;
  TimePoint deadline_;
  const Clock& clock_;
  std::map<uint64_t, TimePoint> stuck_since_;  // listener's cookie → when its queue was first seen filled
  size_t nudges_ = 0;
};

}  // namespace rollctl
