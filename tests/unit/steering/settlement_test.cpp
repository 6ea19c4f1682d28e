// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "steering/settle.h"

namespace rollctl {
namespace {

using namespace std::chrono_literals;

class PushedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override { return {}; }
  void push(Micros duration) { now_ += duration; }

 private:
  TimePoint now_{1h};
};

Handshake handshake(uint16_t client_port) {
  return {{IpAddress::v4(INADDR_LOOPBACK), 80}, {IpAddress::v4(INADDR_LOOPBACK), client_port}};
}

// A fake kernel: half-open and queued connections, and a log of the looks.
class SettlementTest : public testing::Test {
 protected:
  std::unique_ptr<Settlement> settle(Millis bound = 3s) {
    SettleView view;
    view.grace_period = [this] { log_ += "grace "; };
    view.handshakes = [this]() -> Result<std::vector<Handshake>> {
      log_ += "dump ";
      clock_.push(cost_);
      if (broken_) return fail(ErrorKind::Failed, "no answer");
      return half_open_;
    };
    view.is_half_open = [this](const Handshake& one) -> Result<bool> {
      log_ += "look ";
      return std::ranges::find(half_open_, one) != half_open_.end();
    };
    view.queued = [this]() -> Result<size_t> {
      log_ += "queue ";
      return queued_;
    };
    return begin_settling(std::move(view), bound, clock_);
  }

  PushedClock clock_;
  std::vector<Handshake> half_open_;
  size_t queued_ = 0;
  bool broken_ = false;
  Micros cost_{0};
  std::string log_;
};

TEST_F(SettlementTest, TakesEveryStepInOneLookWhenNothingIsOpen) {
  const auto result = settle()->poll();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->left(), 0U);
  EXPECT_EQ(log_, "grace dump grace queue ");
}

TEST_F(SettlementTest, WaitsForTheHandshakesOfTheSnapshotOnly) {
  half_open_ = {handshake(1), handshake(2)};
  const auto settlement = settle();
  EXPECT_FALSE(settlement->poll());
  half_open_ = {handshake(2), handshake(3), handshake(4)};
  EXPECT_FALSE(settlement->poll());
  half_open_ = {handshake(3), handshake(4), handshake(5)};
  EXPECT_TRUE(settlement->poll());
}

TEST_F(SettlementTest, LooksAtTheQueueOnlyAfterASecondGracePeriod) {
  half_open_ = {handshake(1)};
  const auto settlement = settle();
  EXPECT_FALSE(settlement->poll());
  EXPECT_EQ(log_, "grace dump look ");
  half_open_.clear();
  queued_ = 1;
  log_.clear();
  EXPECT_FALSE(settlement->poll());
  EXPECT_EQ(log_, "look grace queue ");
  log_.clear();
  queued_ = 0;
  EXPECT_TRUE(settlement->poll());
  EXPECT_EQ(log_, "queue ");
}

TEST_F(SettlementTest, TellsWhatIsLeftOfBothKindsAtTheBound) {
  half_open_ = {handshake(1), handshake(2)};
  queued_ = 3;
  const auto settlement = settle(10ms);
  EXPECT_FALSE(settlement->poll());
  clock_.push(10ms);
  const auto result = settlement->poll();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->handshakes, 2U);
  EXPECT_EQ(result->queued, 3U);
  EXPECT_EQ(result->after, 10ms);
}

TEST_F(SettlementTest, StaysAsItEnded) {
  const auto settlement = settle();
  ASSERT_TRUE(settlement->poll());
  queued_ = 3;
  EXPECT_EQ(settlement->poll()->left(), 0U);
}

TEST_F(SettlementTest, DoesNotTakeAFailedLookForAnEmptyOne) {
  broken_ = true;
  const auto settlement = settle(10ms);
  EXPECT_FALSE(settlement->poll());
  broken_ = false;
  half_open_ = {handshake(1)};
  EXPECT_FALSE(settlement->poll());
  half_open_.clear();
  EXPECT_TRUE(settlement->poll());
}

TEST_F(SettlementTest, SaysAtTheBoundThatItCouldNotLook) {
  broken_ = true;
  const auto settlement = settle(10ms);
  EXPECT_FALSE(settlement->poll());
  clock_.push(10ms);
  const auto result = settlement->poll();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->failure, "no answer");
  EXPECT_FALSE(result->is_complete());
}

TEST_F(SettlementTest, DumpsOnceInsteadOfLookingUpHundreds) {
  for (uint16_t port = 1; port <= 1000; ++port) half_open_.push_back(handshake(port));
  const auto settlement = settle();
  EXPECT_FALSE(settlement->poll());
  EXPECT_EQ(log_, "grace dump dump ");
  half_open_.resize(1);
  log_.clear();
  EXPECT_FALSE(settlement->poll());
  EXPECT_EQ(log_, "dump ");
  log_.clear();
  EXPECT_FALSE(settlement->poll());
  EXPECT_EQ(log_, "look ");
}

TEST_F(SettlementTest, PausesAfterAnExpensiveLook) {
  for (uint16_t port = 1; port <= 1000; ++port) half_open_.push_back(handshake(port));
  cost_ = 20ms;
  const auto settlement = settle();
  EXPECT_FALSE(settlement->poll());
  log_.clear();
  clock_.push(79ms);
  EXPECT_FALSE(settlement->poll());
  EXPECT_EQ(log_, "");
  clock_.push(1ms);
  EXPECT_FALSE(settlement->poll());
  EXPECT_EQ(log_, "dump ");
}

}  // namespace
}  // namespace rollctl
