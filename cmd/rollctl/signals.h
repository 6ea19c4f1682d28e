// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

#include "deploy/world.h"
#include "loop/loop.h"

namespace roll {

// SIGINT and SIGTERM, counted, and SIGUSR1; SIGHUP and SIGPIPE do nothing from its construction on: a closed
// terminal never stops a deploy.
class SignalInterrupts final : public Interrupts {
 public:
  explicit SignalInterrupts(Loop& loop);

  [[nodiscard]] int count() const override { return count_; }
  [[nodiscard]] int first_signal() const override { return first_; }
  [[nodiscard]] bool told_to_promote() const override { return promoted_; }

 private:
  void received(int signal);

  int count_ = 0;
  int first_ = 0;
  bool promoted_ = false;
  Watch promote_;
  Watch interrupt_;
  Watch terminate_;
};

}  // namespace roll
