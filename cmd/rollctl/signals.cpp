// SPDX-License-Identifier: MIT
#include "rollctl/signals.h"

namespace roll {

namespace {

// Before the loop's own handlers are set, which leave the ones that they found behind.
Context& outliving_signals(Context& context) {
  context.outlive_signals();
  std::signal(SIGPIPE, SIG_IGN);
  return context;
}

}  // namespace

SignalInterrupts::SignalInterrupts(Context& context, Loop& loop)
    : context_(outliving_signals(context)),
      promote_(loop.on_signal(SIGUSR1, [this] { promoted_ = true; })),
      interrupt_(loop.on_signal(SIGINT, [this] { received(SIGINT); })),
      terminate_(loop.on_signal(SIGTERM, [this] { received(SIGTERM); })) {}

SignalInterrupts::~SignalInterrupts() {
  if (count_ > 0) context_.told_to_end();
}

void SignalInterrupts::received(int signal) {
  if (count_++ == 0) first_ = signal;
}

}  // namespace roll
