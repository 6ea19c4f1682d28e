// SPDX-License-Identifier: MIT
#include "loop/loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "base/fd.h"

namespace rollctl {
namespace {

using namespace std::chrono_literals;

class LoopTest : public testing::Test {
 protected:
  // Reached by a broken loop only.
  [[nodiscard]] TimePoint far() const { return loop_->now() + 10s; }
  [[nodiscard]] static bool never() { return false; }

  std::unique_ptr<Loop> loop_ = Loop::create().value();
};

TEST_F(LoopTest, AsksBeforeItWaits) {
  bool fired = false;
  const Watch timer = loop_->after(0us, [&] { fired = true; });
  EXPECT_EQ(loop_->run_until([] { return true; }, loop_->now() - 1s), WaitEnd::Satisfied);
  EXPECT_FALSE(fired);
}

TEST_F(LoopTest, GivesUpAtTheDeadlineAndNotBefore) {
  // Not a whole number of microseconds, libevent's unit.
  const TimePoint deadline = loop_->now() + 2'000'777ns;
  EXPECT_EQ(loop_->run_until(never, deadline), WaitEnd::DeadlinePassed);
  EXPECT_GE(loop_->now(), deadline);
}

TEST_F(LoopTest, GivesUpAtOnceWhenTheDeadlineHasPassed) {
  EXPECT_EQ(loop_->run_until(never, loop_->now() - 1s), WaitEnd::DeadlinePassed);
}

TEST_F(LoopTest, NeverSleepsOverADeadlineHoweverItIsRounded) {
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(loop_->run_until(never, loop_->now() + std::chrono::nanoseconds(i * 37)),
              WaitEnd::DeadlinePassed);
}

TEST_F(LoopTest, WaitsWithoutADeadline) {
  bool fired = false;
  const Watch timer = loop_->after(1ms, [&] { fired = true; });
  EXPECT_EQ(loop_->run_until([&] { return fired; }, TimePoint::max()), WaitEnd::Satisfied);
}

TEST_F(LoopTest, CallsATimerOnce) {
  int fired = 0;
  const Watch timer = loop_->after(0us, [&] { ++fired; });
  loop_->run_until(never, loop_->now() + 3ms);
  EXPECT_EQ(fired, 1);
}

TEST_F(LoopTest, CallsATimerNeverEarly) {
  const TimePoint asked = loop_->now();
  TimePoint fired;
  const Watch timer = loop_->after(1500us, [&] { fired = loop_->now(); });
  loop_->run_until([&] { return fired != TimePoint(); }, far());
  EXPECT_GE(fired - asked, 1500us - 1us);
}

TEST_F(LoopTest, CountsATimerThatASlowCallbackMakesFromThen) {
  Watch second;
  TimePoint asked;
  TimePoint fired;
  const Watch first = loop_->after(0us, [&] {
    const TimePoint busy_until = loop_->now() + 5ms;
    while (loop_->now() < busy_until) {
    }
    asked = loop_->now();
    second = loop_->after(3ms, [&] { fired = loop_->now(); });
  });
  loop_->run_until([&] { return fired != TimePoint(); }, far());
  EXPECT_GE(fired - asked, 3ms - 1us);
}

TEST_F(LoopTest, CallsARepeatingTimerUntilItsWatchEnds) {
  int fired = 0;
  Watch timer;
  timer = loop_->every(100us, [&] {
    if (++fired == 3) timer.reset();
  });
  EXPECT_EQ(loop_->run_until([&] { return fired == 3; }, far()), WaitEnd::Satisfied);
  loop_->run_until(never, loop_->now() + 2ms);
  EXPECT_EQ(fired, 3);
}

TEST_F(LoopTest, CallsForADescriptorAsLongAsThereIsSomethingToRead) {
  auto pipe = make_pipe(Blocking::No).value();
  std::string got;
  const Watch watch = loop_->on_readable(pipe.read.get(), [&] {
    char one = 0;
    if (::read(pipe.read.get(), &one, 1) == 1) got += one;
  });
  ASSERT_TRUE(write_all(pipe.write.get(), "abc"));
  EXPECT_EQ(loop_->run_until([&] { return got == "abc"; }, far()), WaitEnd::Satisfied);
}

TEST_F(LoopTest, CallsWhenADescriptorCanBeWrittenAndWhenItsPeerCloses) {
  auto pipe = make_pipe(Blocking::No).value();
  bool writable = false;
  bool closed = false;
  Watch out = loop_->on_writable(pipe.write.get(), [&] { writable = true; });
  EXPECT_EQ(loop_->run_until([&] { return writable; }, far()), WaitEnd::Satisfied);
  const Watch in = loop_->on_readable(pipe.read.get(), [&] { closed = true; });
  out.reset();
  pipe.write.reset();
  EXPECT_EQ(loop_->run_until([&] { return closed; }, far()), WaitEnd::Satisfied);
}

TEST_F(LoopTest, CallsForASignal) {
  int caught = 0;
  const Watch watch = loop_->on_signal(SIGUSR1, [&] { ++caught; });
  ASSERT_EQ(raise(SIGUSR1), 0);
  EXPECT_EQ(loop_->run_until([&] { return caught == 1; }, far()), WaitEnd::Satisfied);
}

TEST_F(LoopTest, NeverCallsAWatchThatHasEnded) {
  bool fired = false;
  {
    const Watch timer = loop_->after(0us, [&] { fired = true; });
  }
  loop_->run_until(never, loop_->now() + 2ms);
  EXPECT_FALSE(fired);
}

TEST_F(LoopTest, NeverCallsAWatchThatAnotherEndedInTheSameRound) {
  auto one = make_pipe(Blocking::No).value();
  auto two = make_pipe(Blocking::No).value();
  int calls = 0;
  Watch first;
  Watch second;
  first = loop_->on_readable(one.read.get(), [&] {
    ++calls;
    first.reset();
    second.reset();
  });
  second = loop_->on_readable(two.read.get(), [&] {
    ++calls;
    first.reset();
    second.reset();
  });
  ASSERT_TRUE(write_all(one.write.get(), "x") && write_all(two.write.get(), "x"));
  loop_->run_until(never, loop_->now() + 2ms);
  EXPECT_EQ(calls, 1);
}

TEST_F(LoopTest, LetsAWatchEndItselfInItsOwnCallback) {
  const auto witness = std::make_shared<int>(0);
  Watch watch;
  watch = loop_->after(0us, [&watch, witness] {
    watch.reset();
    ++*witness;  // the callback's captures must still exist
  });
  EXPECT_EQ(loop_->run_until([&] { return *witness == 1; }, far()), WaitEnd::Satisfied);
  EXPECT_FALSE(watch);
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(LoopTest, LetsAWatchBeReplacedInItsOwnCallback) {
  int fired = 0;
  Watch watch;
  watch = loop_->after(0us, [&] {
    ++fired;
    watch = loop_->after(0us, [&] { ++fired; });
  });
  EXPECT_EQ(loop_->run_until([&] { return fired == 2; }, far()), WaitEnd::Satisfied);
}

TEST_F(LoopTest, RunsUntilItIsStopped) {
  int fired = 0;
  const Watch timer = loop_->every(100us, [&] {
    if (++fired == 2) loop_->stop();
  });
  loop_->run();
  EXPECT_EQ(fired, 2);
}

TEST_F(LoopTest, LooksAtTheConditionAfterEveryRound) {
  int fired = 0;
  const Watch timer = loop_->every(100us, [&] { ++fired; });
  EXPECT_EQ(loop_->run_until([&] { return fired >= 1; }, far()), WaitEnd::Satisfied);
  EXPECT_EQ(fired, 1);
}

}  // namespace
}  // namespace rollctl
