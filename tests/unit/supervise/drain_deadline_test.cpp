// SPDX-License-Identifier: MIT
#include "supervise/drain_deadline.h"

#include <gtest/gtest.h>

#include <csignal>

namespace rollctl::test {
namespace {

constexpr TimePoint kBegin{std::chrono::hours(2)};

DrainDeadline begun(const DrainOrder& order) {
  DrainDeadline drain;
  drain.begin(order, kBegin);
  return drain;
}

TEST(DrainDeadlineTest, AFurtherOrderCanShortenItOnly) {
  DrainDeadline drain = begun({SIGTERM, Millis(1000)});
  drain.signal_sent();
  EXPECT_FALSE(drain.amend({SIGTERM, Millis(5000)}, kBegin));
  EXPECT_EQ(drain.kill_due(), kBegin + Millis(1000));
  EXPECT_FALSE(drain.amend({SIGTERM, Millis(500)}, kBegin));
  EXPECT_EQ(drain.kill_due(), kBegin + Millis(500));
}

TEST(DrainDeadlineTest, AnotherSignalHasToBeSent) {
  DrainDeadline drain = begun({SIGTERM, Millis(1000)});
  drain.signal_sent();
  EXPECT_TRUE(drain.amend({SIGINT, Millis(1000)}, kBegin));
  EXPECT_EQ(drain.order().signal, SIGINT);
}

TEST(DrainDeadlineTest, AnOrderToSignalEndsTheWaitForAnIdleServer) {
  DrainDeadline drain = begun({SIGTERM, Millis(1000), DrainStart::Idle});
  EXPECT_FALSE(drain.amend({SIGTERM, Millis(1000), DrainStart::Idle}, kBegin));
  EXPECT_TRUE(drain.amend({SIGTERM, Millis(1000)}, kBegin));
}

TEST(DrainDeadlineTest, CanBeExtendedUntilItWasEnforced) {
  DrainDeadline drain = begun({SIGTERM, Millis(1000)});
  EXPECT_FALSE(drain.extend(kBegin + Millis(900)));
  EXPECT_TRUE(drain.extend(kBegin + Millis(1100)));
  drain.killed(3, 0, kBegin + Millis(1100));
  EXPECT_FALSE(drain.extend(kBegin + Millis(9000)));
  EXPECT_EQ(drain.kill_due(), kBegin + Millis(1100) + DrainDeadline::kKillAgain);
}

TEST(DrainDeadlineTest, AWiderScopeHasToBeSentAndIsNotNarrowed) {
  DrainDeadline drain = begun({SIGTERM, Millis(1000)});
  drain.signal_sent();
  EXPECT_TRUE(drain.amend({SIGTERM, Millis(1000), DrainStart::Signal, DrainScope::All}, kBegin));
  EXPECT_FALSE(drain.amend({SIGTERM, Millis(1000)}, kBegin));
  EXPECT_EQ(drain.order().scope, DrainScope::All);
}

TEST(DrainDeadlineTest, CountsTheConnectionsAndProcessesOfTheFirstKill) {
  DrainDeadline drain = begun({SIGTERM, Millis(1000)});
  EXPECT_FALSE(drain.connections_cut());
  drain.killed(3, 4, kBegin + Millis(1000));
  drain.killed(0, 0, kBegin + Millis(1100));
  EXPECT_EQ(drain.connections_cut(), 3U);
  EXPECT_EQ(drain.processes_killed(), 4U);
}

}  // namespace
}  // namespace rollctl::test
