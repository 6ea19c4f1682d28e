// SPDX-License-Identifier: MIT
#pragma once

#include "app/signalled_output.h"
#include "deploy/world.h"
#include "loop/loop.h"

namespace rollctl {

// Counts SIGINT and SIGTERM, and notes SIGUSR1. From its construction on, a slow reader does not block the
// process and a closed output does not end it (SIGPIPE is ignored).
//
// The signal handlers stay until the process exits. libevent's handlers would lose a signal that arrives
// between the loop's last turn and the wait for the output.
class SignalInterrupts final : public Interrupts {
 public:
  SignalInterrupts(SignalledOutput& output, Loop& loop);

  [[nodiscard]] int count() const override;
  [[nodiscard]] int first_signal() const override;
  [[nodiscard]] bool told_to_promote() const override;
  [[nodiscard]] bool told_to_abort() const override;

 private:
  Watch arrival_;  // wakes the loop
};

// The si_value of the SIGINT by which `rollctl abort` tells a rollctl that attends a canary. An older one
// takes it for any SIGINT.
inline constexpr int kAbort = 0x726f6c6c;

// The number of SIGINT, SIGTERM and SIGUSR1 received since the first SignalInterrupts was made.
int signals_received();

}  // namespace rollctl
