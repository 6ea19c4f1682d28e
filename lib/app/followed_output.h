// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/sink.h"
#include "loop/loop.h"

namespace rollctl {

// Standard output of `logs -f` and `status --watch`: tells
// when it has room and when its reader has closed it.
class FollowedOutput {
 public:
  FollowedOutput(Loop& loop, const Sink& sink);

  // The reader has closed the pipe or socket.
  [[nodiscard]] bool is_closed() const { return closed_; }

  [[nodiscard]] bool has_room() const { return sink_.flow() == Sink::Flow::Free; }
  // Ask has_room() again after this time.
  static constexpr Micros kAskAgain{20'000};

 private:
  void look();

  const Sink& sink_;
  bool closed_ = false;
  Watch end_;
};

}  // namespace rollctl
