// SPDX-License-Identifier: MIT
#include "app/signals.h"

#include <gtest/gtest.h>

#include <csignal>

namespace rollctl {
namespace {

struct NoOutput final : SignalledOutput {
  void outlive_signals() override {}
};

// The counters last for the whole process, so this test counts on.
TEST(SignalsTest, OneThatComesAfterTheLastTurnOfTheLoopIsCounted) {
  NoOutput output;
  const auto loop = std::move(*Loop::create());
  {
    const SignalInterrupts interrupts(output, *loop);
    EXPECT_EQ(interrupts.count(), 0);
    EXPECT_EQ(interrupts.first_signal(), 0);
    std::raise(SIGINT);
    EXPECT_EQ(interrupts.count(), 1);
    EXPECT_EQ(loop->run_until([&] { return interrupts.count() == 1; }, TimePoint::max()), WaitEnd::Satisfied);
  }
  std::raise(SIGTERM);
  EXPECT_EQ(signals_received(), 2);
  const SignalInterrupts later(output, *loop);
  EXPECT_EQ(later.count(), 2);
  EXPECT_EQ(later.first_signal(), SIGINT);
}

TEST(SignalsTest, OneWakesALoopThatWaits) {
  NoOutput output;
  const auto loop = std::move(*Loop::create());
  const SignalInterrupts interrupts(output, *loop);
  const Watch soon = loop->after(Micros(1000), [] { std::raise(SIGUSR1); });
  EXPECT_EQ(loop->run_until([&] { return interrupts.told_to_promote(); }, TimePoint::max()),
            WaitEnd::Satisfied);
}

}  // namespace
}  // namespace rollctl
