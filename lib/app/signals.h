// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

#include "app/signalled_output.h"
#include "deploy/world.h"
#include "loop/loop.h"

namespace roll {

// SIGINT and SIGTERM, counted, and SIGUSR1. From its construction on no output of the command holds it up, so
// that they are heeded at any time, and a closed one ends nothing (SIGPIPE).
class SignalInterrupts final : public Interrupts {
 public:
  SignalInterrupts(SignalledOutput& output, Loop& loop);
  // The output is told whether one has come.
  ~SignalInterrupts() override;
  SignalInterrupts(const SignalInterrupts&) = delete;
  SignalInterrupts& operator=(const SignalInterrupts&) = delete;

  [[nodiscard]] int count() const override { return count_; }
  [[nodiscard]] int first_signal() const override { return first_; }
  [[nodiscard]] bool told_to_promote() const override { return promoted_; }

 private:
  void received(int signal);

  SignalledOutput& output_;
  int count_ = 0;
  int first_ = 0;
  bool promoted_ = false;
  Watch promote_;
  Watch interrupt_;
  Watch terminate_;
};

}  // namespace roll
