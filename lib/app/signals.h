// SPDX-License-Identifier: MIT
#pragma once

#include "app/signalled_output.h"
#include "deploy/world.h"
#include "loop/loop.h"

namespace rollctl {

// SIGINT and SIGTERM, counted, and SIGUSR1. From its construction on no output of the command holds it up, so
// that they are heeded at any time, and a closed one ends nothing (SIGPIPE).
//
// The process counts them to its end, also between the last look here and the wait for its output: libevent's
// own handler loses a signal that came after the last turn of the loop.
class SignalInterrupts final : public Interrupts {
 public:
  SignalInterrupts(SignalledOutput& output, Loop& loop);

  [[nodiscard]] int count() const override;
  [[nodiscard]] int first_signal() const override;
  [[nodiscard]] bool told_to_promote() const override;

 private:
  Watch arrival_;  // wakes the loop
};

// All signals that this process was sent and that did not end it, of the three kinds. 0 before there was a
// SignalInterrupts.
int signals_received();

}  // namespace rollctl
