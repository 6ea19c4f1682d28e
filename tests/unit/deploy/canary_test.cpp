// SPDX-License-Identifier: MIT
// A canary: its share, its ends, and that it stands while no rollctl runs.
#include "deploy_world.h"

namespace rollctl::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CanaryTest : public DeployTest {
 protected:
  static ServerScript dies_after(Micros life) {
    ServerScript script;
    script.exits = life;
    return script;
  }
  [[nodiscard]] Rotation last_weights() const {
    return std::get<TrafficShifting>(journal.last_intent("traffic.shifting")->body).weights;
  }
};

TEST_F(CanaryTest, GetsItsShareAndTheOthersTheRest) {
  standing("v1", 3);
  const Verdict verdict = run(deploy_canary("v2", 3, 10));
  EXPECT_EQ(verdict.outcome, Outcome::Canary) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2, 3));
  EXPECT_THAT(serving("v2"), ElementsAre(4));
  EXPECT_EQ(last_weights(), (Rotation{{1, 30}, {2, 30}, {3, 30}, {4, 10}}));
  EXPECT_EQ(instances.find(4)->record.state, InstanceState::Canary);
  EXPECT_EQ(instances.find(4)->record.weight, 10);
  ASSERT_TRUE(verdict.canary);
  EXPECT_EQ(verdict.canary->id, 4);
  EXPECT_EQ(verdict.serving_release, "v1");
}

TEST_F(CanaryTest, StandsWhenRollctlHasGoneBecauseShimsHoldTheSteering) {
  standing("v1", 2);
  run(deploy_canary("v2", 2, 10));
  EXPECT_THAT(instances.which([](const FakeServer& server) { return server.holds_steering; }),
              ElementsAre(1, 2, 3));
  steering.rollctl_died();
  scheduler.advance(std::chrono::hours(24));
  EXPECT_TRUE(steering.attached());
  EXPECT_THAT(steering.receivers(), ElementsAre(1, 2, 3));
}

TEST_F(CanaryTest, PromotedItIsOneOfTheWanted) {
  standing("v1", 2);
  canary_standing("v2");
  const Verdict verdict = run(promote());
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v2"), ElementsAre(3, 4));
  EXPECT_EQ(instances.find(3)->record.state, InstanceState::Serving);
  EXPECT_EQ(instances.find(3)->record.weight, 50);
  EXPECT_EQ(history().current_release, "v2");
  EXPECT_EQ(history().current, 2);
  EXPECT_FALSE(history().canary);
}

TEST_F(CanaryTest, OfASingleInstanceIsPromotedWithoutALaunch) {
  standing("v1", 1);
  canary_standing("v2");
  EXPECT_EQ(run(promote()).outcome, Outcome::Deployed);
  EXPECT_THAT(instances.ids(), ElementsAre(2));
  EXPECT_EQ(observer.count("instance.started"), 0);
}

TEST_F(CanaryTest, AbortedItDrainsAndTheOldServeAsBefore) {
  standing("v1", 2);
  canary_standing("v2");
  const Verdict verdict = run(abort());
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_EQ(verdict.aim, Verdict::Aim::Back);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
  EXPECT_EQ(last_weights(), (Rotation{{1, 50}, {2, 50}}));
  EXPECT_FALSE(history().canary);
  EXPECT_EQ(history().current_release, "v1");
}

TEST_F(CanaryTest, ThatDiesWhileItBakesIsWithdrawn) {
  standing("v1", 2);
  instances.scripts["v2"] = {dies_after(Millis(20))};
  RolloutRequest request = deploy_canary("v2", 2, 10);
  request.bake = Millis(1000);
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
  EXPECT_FALSE(history().canary);
}

TEST_F(CanaryTest, ThatBakesWellIsPromotedByItself) {
  standing("v1", 2);
  RolloutRequest request = deploy_canary("v2", 2, 10);
  request.bake = Millis(1000);
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v2"), ElementsAre(3, 4));
  EXPECT_GE(verdict.duration, Millis(1000));
  EXPECT_LT(verdict.duration, Millis(1200)) << "only the canary is watched";
}

TEST_F(CanaryTest, InStepsGetsOneShareAfterTheOtherAndIsPromoted) {
  standing("v1", 2);
  RolloutRequest request = deploy_canary("v2", 2, 1);
  request.canary = {1, 10, 50};
  request.bake = Millis(1000);
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v2"), ElementsAre(3, 4));
  EXPECT_GE(verdict.duration, Millis(3000));
  std::vector<double> shares;
  for (const Event& event : journal.events)
    if (const auto* shifted = std::get_if<TrafficShifted>(&event.body))
      if (shifted->weights.contains(3)) shares.push_back(shifted->weights.at(3));
  EXPECT_THAT(shares, ElementsAre(1, 10, 50, 50)) << "the last is that of one of two";
}

TEST_F(CanaryTest, InStepsThatDiesInTheSecondIsWithdrawnAtOnce) {
  standing("v1", 2);
  instances.scripts["v2"] = {dies_after(Millis(1500))};
  RolloutRequest request = deploy_canary("v2", 2, 1);
  request.canary = {1, 10, 50};
  request.bake = Millis(1000);
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_LT(verdict.duration, Millis(1700));
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
  for (InstanceId id : {1, 2}) EXPECT_EQ(instances.find(id)->record.weight, 50) << id;
}

TEST_F(CanaryTest, GetsAnotherShareWhileItStands) {
  standing("v1", 3);
  canary_standing("v2");
  const auto since = history().canary->since;
  const Verdict verdict = run(reweigh(25));
  EXPECT_EQ(verdict.outcome, Outcome::Canary) << testing::PrintToString(verdict);
  EXPECT_EQ(last_weights(), (Rotation{{1, 25}, {2, 25}, {3, 25}, {4, 25}}));
  EXPECT_EQ(instances.find(4)->record.weight, 25);
  ASSERT_TRUE(history().canary);
  EXPECT_EQ(history().canary->percent, 25);
  EXPECT_EQ(history().canary->since, since);
  EXPECT_EQ(run(promote()).outcome, Outcome::Deployed);
}

TEST_F(CanaryTest, StandsAlsoWhereItsOtherShareWasInterrupted) {
  standing("v1", 3);
  canary_standing("v2");
  Recorder recorder(world, 2);
  events::Started started;
  started.command = AppCommand::Canary;
  started.release = "v2";
  started.instances = 3;
  started.canary = 25;
  (void)recorder.commit(events::deploy_started(started));
  const auto verdict = recover();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->outcome, Outcome::Deployed);
  EXPECT_TRUE(history().canary);
  EXPECT_EQ(instances.find(4)->record.state, InstanceState::Canary);
  EXPECT_EQ(run(abort()).outcome, Outcome::RolledBack);
}

TEST_F(CanaryTest, OfNoShareIsReadyAndGetsNoConnection) {
  standing("v1", 2);
  const Verdict verdict = run(deploy_canary("v2", 2, 0));
  EXPECT_EQ(verdict.outcome, Outcome::Canary) << testing::PrintToString(verdict);
  EXPECT_EQ(last_weights(), (Rotation{{1, 50}, {2, 50}, {3, 0}}));
  EXPECT_EQ(instances.find(3)->record.state, InstanceState::Canary);
  EXPECT_EQ(run(reweigh(10)).outcome, Outcome::Canary);
  EXPECT_EQ(last_weights(), (Rotation{{1, 45}, {2, 45}, {3, 10}}));
}

TEST_F(CanaryTest, IsNotRestartedAndAbortClearsItAway) {
  standing("v1", 2);
  canary_standing("v2");
  instances.die(3);
  scheduler.advance(Millis(100));
  EXPECT_THAT(steering.receivers(), ElementsAre(1, 2));
  EXPECT_EQ(run(abort()).outcome, Outcome::RolledBack);
  EXPECT_THAT(instances.ids(), ElementsAre(1, 2));
}

TEST_F(CanaryTest, AbortedAfterItsDeathTheOthersAreToldTheirWholeShare) {
  standing("v1", 3);
  canary_standing("v2");
  instances.die(4);
  scheduler.advance(Millis(100));
  EXPECT_EQ(run(abort()).outcome, Outcome::RolledBack);
  for (InstanceId id : {1, 2, 3})
    EXPECT_NEAR(instances.find(id)->record.weight, 100.0 / 3, 0.01) << "instance " << id;
}

TEST_F(CanaryTest, AFailedPromotionLeavesItStanding) {
  standing("v1", 2);
  instances.scripts["v2"] = {ServerScript(), dies_after(Micros(500))};
  canary_standing("v2");
  const Verdict verdict = run(promote());
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
  EXPECT_EQ(instances.find(3)->record.state, InstanceState::Canary);
  EXPECT_EQ(instances.find(3)->record.weight, 10);
  EXPECT_TRUE(history().canary);
  EXPECT_TRUE(steering.attached());
}

TEST_F(CanaryTest, OfAFirstDeployIsTheWholeRelease) {
  EXPECT_EQ(run(deploy_canary("v1", 2, 10)).outcome, Outcome::Deployed);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
}

TEST_F(CanaryTest, IsRefusedWithoutSteeringBeforeAnythingIsTouched) {
  standing("v1", 2);
  steering.handover = Handover::Migrate;
  const Verdict verdict = run(deploy_canary("v2", 2, 10));
  EXPECT_THAT(verdict.reason, HasSubstr("a canary needs steering"));
  EXPECT_THAT(observer.events, IsEmpty());
  EXPECT_THAT(instances.ids(), ElementsAre(1, 2));
}

TEST_F(CanaryTest, KeepsItsShareWhenAMissingInstanceIsStarted) {
  standing("v1", 2);
  canary_standing("v2");
  instances.lose_all_of(1);
  const Verdict verdict = run(start(2));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_EQ(last_weights(), (Rotation{{2, 45}, {3, 10}, {4, 45}}));
  EXPECT_TRUE(history().canary);
}

// Where steering ends with rollctl, rollctl stays.
class AttendedCanaryTest : public CanaryTest {
 protected:
  AttendedCanaryTest() { steering.outlives = false; }
};

TEST_F(AttendedCanaryTest, IsPromotedWhenAnotherRollctlSaysSo) {
  standing("v1", 2);
  scheduler.in(Millis(50), [this] { interrupts.promote(); });
  const Verdict verdict = run(deploy_canary("v2", 2, 10));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_GE(verdict.duration, Millis(50));
  EXPECT_THAT(serving("v2"), ElementsAre(3, 4));
}

TEST_F(AttendedCanaryTest, IsEndedByASignal) {
  standing("v1", 2);
  scheduler.in(Millis(50), [this] { interrupts.raise(2); });
  const Verdict verdict = run(deploy_canary("v2", 2, 10));
  EXPECT_EQ(verdict.outcome, Outcome::Interrupted) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
}

TEST_F(AttendedCanaryTest, IsEndedByRollctlAbortWhichIsNoInterrupt) {
  standing("v1", 2);
  scheduler.in(Millis(50), [this] { interrupts.abort(); });
  const Verdict verdict = run(deploy_canary("v2", 2, 10));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.reason, "ended by `rollctl abort web`");
  EXPECT_EQ(verdict.interrupted_by, 0);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
}

TEST_F(AttendedCanaryTest, IsEndedWhenItBecomesUnready) {
  standing("v1", 2);
  ServerScript turns_bad;
  turns_bad.unready = Millis(50);
  instances.scripts["v2"] = {turns_bad};
  const Verdict verdict = run(deploy_canary("v2", 2, 10));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
}

TEST_F(AttendedCanaryTest, AHoldIsWaitedForAndASignalReturnsToTheOld) {
  standing("v1", 2);
  RolloutRequest request = deploy("v2", 2);
  request.hold = Millis(100);
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_GE(verdict.duration, Millis(100));
  EXPECT_THAT(instances.ids(), ElementsAre(3, 4));
  EXPECT_FALSE(steering.attached());

  request = deploy("v3", 2);
  request.hold = Millis(100);
  scheduler.in(Millis(60), [this] { interrupts.raise(2); });
  EXPECT_EQ(run(request).outcome, Outcome::Interrupted);
  EXPECT_THAT(serving("v2"), ElementsAre(3, 4));
}

}  // namespace
}  // namespace rollctl::test
