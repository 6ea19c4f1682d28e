// SPDX-License-Identifier: MIT
#include "supervise/restart_backoff.h"

#include <gtest/gtest.h>

namespace rollctl::test {
namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};

LaunchSpec spec_that_gives_up_after(int restarts) {
  LaunchSpec spec;
  spec.backoff = Millis(100);
  spec.max_backoff = Millis(300);
  spec.give_up = restarts;
  return spec;
}

TEST(RestartBackoffTest, DoublesTheDelayUpToTheLargest) {
  const LaunchSpec spec = spec_that_gives_up_after(5);
  RestartBackoff backoff;
  EXPECT_EQ(backoff.plan(spec, kStart), Millis(100));
  EXPECT_EQ(backoff.due(), kStart + Millis(100));
  EXPECT_EQ(backoff.plan(spec, kStart), Millis(200));
  EXPECT_EQ(backoff.plan(spec, kStart), Millis(300));
  EXPECT_EQ(backoff.plan(spec, kStart), Millis(300));
  EXPECT_EQ(backoff.attempts(), 4);
}

TEST(RestartBackoffTest, GivesUpAfterRestartsInARowWithoutAReadyServer) {
  const LaunchSpec spec = spec_that_gives_up_after(2);
  RestartBackoff backoff;
  EXPECT_TRUE(backoff.plan(spec, kStart));
  EXPECT_TRUE(backoff.plan(spec, kStart));
  EXPECT_FALSE(backoff.plan(spec, kStart));
  backoff.server_ready(kStart);
  EXPECT_TRUE(backoff.plan(spec, kStart));
}

TEST(RestartBackoffTest, KeepsTheDelayOfAServerThatWasReadyForAMomentOnly) {
  const LaunchSpec spec = spec_that_gives_up_after(5);
  RestartBackoff backoff;
  EXPECT_EQ(backoff.plan(spec, kStart), Millis(100));
  backoff.server_ready(kStart);
  EXPECT_EQ(backoff.plan(spec, kStart + RestartBackoff::kStable - Millis(1)), Millis(200));
  backoff.server_ready(kStart);
  EXPECT_EQ(backoff.plan(spec, kStart + RestartBackoff::kStable), Millis(100));
}

}  // namespace
}  // namespace rollctl::test
