// SPDX-License-Identifier: MIT
// Instances that die while a change goes on. Known trouble ends it at once, and before the next instance of
// the old release leaves.
#include "deploy_world.h"
#include "some_batches.h"

namespace rollctl::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class DyingTest : public DeployTest {
 protected:
  static ServerScript ready_after(Micros delay) {
    ServerScript script;
    script.ready = delay;
    return script;
  }
  // Out of the rotation, at any time of the change.
  [[nodiscard]] std::vector<InstanceId> ever_left() const {
    std::vector<InstanceId> ids;
    for (const Event& event : observer.events)
      if (const auto* shifted = std::get_if<TrafficShifted>(&event.body))
        ids.insert(ids.end(), shifted->out.begin(), shifted->out.end());
    return ids;
  }
};

TEST_F(DyingTest, WhileTheNextOneStartsEndsTheDeployBeforeItsShift) {
  standing("v1", 2);
  instances.scripts["v2"] = {exits_after(Millis(50)), ready_after(Millis(1000))};
  const Verdict verdict = run(deploy("v2", 2));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.reason, "instance 3: the server exited with 1");
  EXPECT_LT(verdict.duration, Millis(200)) << "it waited for the next one";
  EXPECT_THAT(ever_left(), Not(Contains(2))) << "a healthy instance left";
  EXPECT_EQ(verdict.serving, 2);
}

// The event has come, but nothing waits between the launch and the shift.
TEST_F(DyingTest, TogetherWithTheLastReadinessEndsTheDeployBeforeItsShift) {
  standing("v1", 2);
  journal.on_intent = [&](const Event& event) {
    const auto* shifting = std::get_if<TrafficShifting>(&event.body);
    if (shifting != nullptr && shifting->in == std::vector<InstanceId>{4}) instances.die(3);
  };
  EXPECT_EQ(run(deploy("v2", 2)).outcome, Outcome::RolledBack);
  EXPECT_THAT(ever_left(), Not(Contains(2)));
}

TEST_F(DyingTest, WhileTheOldOnesSettleEndsTheDeployAtOnce) {
  standing("v1", 1);
  steering.settle_takes = Millis(80);
  instances.scripts["v2"] = {exits_after(Millis(20))};
  std::vector<InstanceId> receivers;
  scheduler.in(Millis(40), [&] { receivers = steering.receivers(); });
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::RolledBack);
  EXPECT_THAT(receivers, ElementsAre(1)) << "clients were refused meanwhile";
  EXPECT_THAT(serving("v1"), ElementsAre(1));
}

TEST_F(DyingTest, WhileTheOrderToDrainReachesTheDiskLeavesTheOldOnesServing) {
  standing("v1", 1);
  journal.on_intent = [&](const Event& event) {
    if (std::holds_alternative<InstanceStopping>(event.body)) instances.die(2);
  };
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1));
}

TEST_F(DyingTest, WhileAHookRunsEndsTheDeployAtOnce) {
  for (const bool before_drain : {false, true}) {
    DeployWorld other;
    (before_drain ? other.hooks_config.before_drain : other.hooks_config.after_shift).command = {"hook"};
    other.hooks.takes = Millis(5000);
    other.standing("v1", 1);
    other.instances.scripts["v2"] = {exits_after(Millis(100))};
    const Verdict verdict = other.run(other.deploy("v2", 1));
    EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
    EXPECT_LT(verdict.duration, Millis(1000));
    EXPECT_THAT(other.serving("v1"), ElementsAre(1));
  }
}

TEST_F(DyingTest, WhileScalingUpEndsTheScaling) {
  standing("v1", 1);
  instances.scripts["v1"] = {exits_after(Millis(50)), ready_after(Millis(1000))};
  RolloutRequest request = scale(3);
  request.batch = kOne;
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_LT(verdict.duration, Millis(500));
  EXPECT_THAT(serving("v1"), ElementsAre(1));
}

TEST_F(DyingTest, OfACanaryThatIsPromotedLeavesTheOldReleaseServing) {
  standing("v1", 2);
  canary_standing("v2");
  instances.scripts["v2"] = {ready_after(Millis(1000))};
  scheduler.in(Millis(50), [&] { instances.die(3); });
  const Verdict verdict = run(promote());
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_THAT(verdict.reason, HasSubstr("instance 3"));
  EXPECT_LT(verdict.duration, Millis(500));
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
  EXPECT_TRUE(history().canary) << "abort or promote decides";
}

// With restart.policy = "never" nobody else would.
TEST_F(DyingTest, OfAnOldOneIsMadeGoodWhenTheDeployIsTakenBack) {
  standing("v1", 2);
  instances.scripts["v2"] = {ServerScript(), exits_after(Micros(1200))};
  scheduler.in(Micros(500), [&] { instances.die(2); });
  const Verdict verdict = run(deploy("v2", 2));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.serving, 2);
  EXPECT_THAT(serving("v1"), ElementsAre(5, 6));
}

}  // namespace
}  // namespace rollctl::test
