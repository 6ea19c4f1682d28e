// SPDX-License-Identifier: MIT
#include "rollctl/signals.h"

namespace roll {

SignalInterrupts::SignalInterrupts(Loop& loop)
    : promote_(loop.on_signal(SIGUSR1, [this] { promoted_ = true; })),
      interrupt_(loop.on_signal(SIGINT, [this] { received(SIGINT); })),
      terminate_(loop.on_signal(SIGTERM, [this] { received(SIGTERM); })) {
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

void SignalInterrupts::received(int signal) {
  if (count_++ == 0) first_ = signal;
}

}  // namespace roll
