// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/sink.h"
#include "loop/loop.h"

namespace rollctl {

// Standard output of a command that writes until it is told to end: no faster than it is read, and no longer.
class FollowedOutput {
 public:
  FollowedOutput(Loop& loop, const Sink& sink);

  // The reader of the pipe or socket has gone.
  [[nodiscard]] bool is_closed() const { return closed_; }

  [[nodiscard]] bool has_room() const { return sink_.flow() == Sink::Flow::Free; }
  // When to ask again where it has not.
  static constexpr Micros kAskAgain{20'000};

 private:
  void look();

  const Sink& sink_;
  bool closed_ = false;
  Watch end_;
};

}  // namespace rollctl
