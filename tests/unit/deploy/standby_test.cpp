// SPDX-License-Identifier: MIT
// A hold: the old instances stand by, a rollback returns to them, and without a rollback they end by
// themselves.
#include "deploy_world.h"

namespace rollctl::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Millis kHold{60'000};

class StandbyTest : public DeployTest {
 protected:
  RolloutRequest return_to_v1(int count) {
    RolloutRequest request = rollback("v1", count);
    request.returns_to = 1;
    return request;
  }
};

TEST_F(StandbyTest, KeepsTheOldOnesOutOfTheRotation) {
  standing("v1", 2);
  const TimePoint began = scheduler.now();
  standby_standing("v2", 2, kHold);
  EXPECT_LT(scheduler.now() - began, Millis(1000)) << "nobody waits for the end of a hold";
  EXPECT_THAT(serving("v2"), ElementsAre(3, 4));
  for (InstanceId id : {1, 2}) {
    EXPECT_TRUE(instances.good(id));
    EXPECT_EQ(instances.find(id)->record.state, InstanceState::Standby);
    EXPECT_FALSE(steering.routes_to(id));
  }
  EXPECT_EQ(observer.count("instance.draining"), 0);
}

TEST_F(StandbyTest, EndsByItselfAndTheLastToLeaveEndsTheSteering) {
  standing("v1", 2);
  standby_standing("v2", 2, kHold);
  steering.rollctl_died();
  scheduler.advance(kHold - Millis(1000));
  EXPECT_THAT(instances.ids(), ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(steering.attached());
  scheduler.advance(Millis(2000));
  EXPECT_THAT(instances.ids(), ElementsAre(3, 4));
  EXPECT_FALSE(steering.attached());
}

TEST_F(StandbyTest, ARollbackReturnsToThemWithoutStartingAnything) {
  standing("v1", 2);
  standby_standing("v2", 2, kHold);
  const Verdict verdict = run(return_to_v1(2));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
  EXPECT_EQ(observer.count("instance.started"), 0);
  EXPECT_EQ(observer.count("traffic.shifted"), 1);
  EXPECT_EQ(instances.find(1)->record.generation, 3);
  EXPECT_EQ(history().current, 3);
}

TEST_F(StandbyTest, ARollbackStartsWhatIsMissingFirst) {
  standing("v1", 2);
  standby_standing("v2", 2, kHold);
  instances.lose_all_of(1);
  const Verdict verdict = run(return_to_v1(2));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(2, 5));
}

TEST_F(StandbyTest, ARollbackToAnotherReleaseEndsThem) {
  completed("v0", 2);
  standing("v1", 2);
  standby_standing("v2", 2, kHold);
  RolloutRequest request = rollback("v0", 2);
  request.returns_to = 1;
  EXPECT_EQ(run(request).outcome, Outcome::Deployed);
  EXPECT_THAT(serving("v0"), ElementsAre(5, 6));
}

TEST_F(StandbyTest, TheNextDeployEndsThemFirst) {
  standing("v1", 2);
  standby_standing("v2", 2, kHold);
  EXPECT_EQ(run(deploy("v3", 2)).outcome, Outcome::Deployed);
  EXPECT_LT(observer.place_of("instance.draining", 1), observer.place_of("instance.started", 5));
  EXPECT_THAT(instances.ids(), ElementsAre(5, 6));
}

TEST_F(StandbyTest, AHeldRollbackKeepsTheOther) {
  standing("v1", 2);
  standby_standing("v2", 2, kHold);
  RolloutRequest request = return_to_v1(2);
  request.hold = kHold;
  EXPECT_EQ(run(request).outcome, Outcome::Deployed);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
  EXPECT_EQ(instances.find(3)->record.state, InstanceState::Standby);
  EXPECT_EQ(instances.find(1)->hold, std::nullopt);
}

TEST_F(StandbyTest, StandsOnWhenAMissingInstanceIsStarted) {
  standing("v1", 2);
  standby_standing("v2", 2, kHold);
  instances.lose_all_of(3);
  EXPECT_EQ(run(start(2)).outcome, Outcome::Deployed);
  EXPECT_THAT(serving("v2"), ElementsAre(4, 5));
}

TEST_F(StandbyTest, AStandbyThatDiesIsNotMissed) {
  standing("v1", 2);
  standby_standing("v2", 2, kHold);
  instances.die(1);
  scheduler.advance(kHold + Millis(5000));
  EXPECT_THAT(instances.ids(), ElementsAre(3, 4));
  EXPECT_FALSE(steering.attached());
}

TEST_F(StandbyTest, IsRefusedWithoutSteering) {
  standing("v1", 1);
  steering.handover = Handover::Plain;
  RolloutRequest request = deploy("v2", 1);
  request.hold = kHold;
  EXPECT_THAT(run(request).reason, HasSubstr("a hold needs steering"));
  EXPECT_THAT(observer.events, IsEmpty());
}

}  // namespace
}  // namespace rollctl::test
