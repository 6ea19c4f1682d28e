// SPDX-License-Identifier: MIT
#include "app/signals.h"

namespace roll {

namespace {

// Before the loop's own handlers are set, which leave the ones that they found behind.
SignalledOutput& outliving_signals(SignalledOutput& output) {
  output.outlive_signals();
  std::signal(SIGPIPE, SIG_IGN);
  return output;
}

}  // namespace

SignalInterrupts::SignalInterrupts(SignalledOutput& output, Loop& loop)
    : output_(outliving_signals(output)),
      promote_(loop.on_signal(SIGUSR1, [this] { promoted_ = true; })),
      interrupt_(loop.on_signal(SIGINT, [this] { received(SIGINT); })),
      terminate_(loop.on_signal(SIGTERM, [this] { received(SIGTERM); })) {}

SignalInterrupts::~SignalInterrupts() {
  // `rollctl promote` in another shell sent SIGUSR1 and waits for this process.
  if (count_ > 0 || promoted_) output_.told_to_end();
}

void SignalInterrupts::received(int signal) {
  if (count_++ == 0) first_ = signal;
}

}  // namespace roll
