// SPDX-License-Identifier: MIT
#include "support/fake_scheduler.h"

#include <gtest/gtest.h>

#include <vector>

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;

class FakeSchedulerTest : public testing::Test {
 protected:
  FakeScheduler scheduler_;
  TimePoint start_ = scheduler_.now();
};

TEST_F(FakeSchedulerTest, JumpsToWhatIsDueNext) {
  bool called = false;
  const Watch watch = scheduler_.after(3h, [&] { called = true; });
  EXPECT_EQ(scheduler_.run_until([&] { return called; }, TimePoint::max()), WaitEnd::Satisfied);
  EXPECT_EQ(scheduler_.now(), start_ + 3h);
  EXPECT_EQ(scheduler_.pending(), 0U);
}

TEST_F(FakeSchedulerTest, StopsAtTheDeadline) {
  bool called = false;
  const Watch watch = scheduler_.after(3s, [&] { called = true; });
  EXPECT_EQ(scheduler_.run_until([&] { return called; }, start_ + 2s), WaitEnd::DeadlinePassed);
  EXPECT_EQ(scheduler_.now(), start_ + 2s);
  EXPECT_FALSE(called);
}

TEST_F(FakeSchedulerTest, AsksBeforeAnythingElse) {
  scheduler_.at(start_, [] { FAIL() << "nobody had to wait"; });
  EXPECT_EQ(scheduler_.run_until([] { return true; }, start_), WaitEnd::Satisfied);
}

TEST_F(FakeSchedulerTest, KeepsTheOrderOfThingsDueTogether) {
  std::vector<int> order;
  const Watch second = scheduler_.after(2ms, [&] { order.push_back(2); });
  scheduler_.in(2ms, [&] { order.push_back(3); });
  scheduler_.in(1ms, [&] { order.push_back(1); });
  scheduler_.advance(1s);
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST_F(FakeSchedulerTest, NeverCallsAWatchThatIsGone) {
  Watch watch = scheduler_.after(2ms, [] { FAIL(); });
  scheduler_.in(1ms, [&] { watch.reset(); });
  scheduler_.advance(1s);
}

TEST_F(FakeSchedulerTest, LetsACallbackEndItsOwnWatchAndMakeANewOne) {
  Watch watch;
  int calls = 0;
  std::function<void()> again = [&] {
    if (++calls < 3) watch = scheduler_.after(1ms, again);
  };
  watch = scheduler_.after(1ms, again);
  scheduler_.advance(1s);
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace rollctl::test
