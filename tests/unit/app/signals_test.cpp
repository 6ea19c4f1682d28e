// SPDX-License-Identifier: MIT
#include "app/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "base/process_ref.h"

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

TEST(SignalsDeathTest, ASignalOfRollctlAbortIsToldFromCtrlC) {
  // The earlier tests of this process have counted signals; a program of its own has not.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        NoOutput output;
        const auto loop = std::move(*Loop::create());
        const SignalInterrupts interrupts(output, *loop);
        (void)ProcessRef::self()->queue_signal(SIGINT, kAbort);
        (void)loop->run_until([&] { return interrupts.count() > 0; }, TimePoint::max());
        ::_exit(interrupts.count() == 1 && interrupts.told_to_abort() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        NoOutput output;
        const auto loop = std::move(*Loop::create());
        const SignalInterrupts interrupts(output, *loop);
        (void)ProcessRef::self()->send_signal(SIGINT);
        (void)loop->run_until([&] { return interrupts.count() > 0; }, TimePoint::max());
        ::_exit(interrupts.count() == 1 && !interrupts.told_to_abort() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace rollctl
