// SPDX-License-Identifier: MIT
// More than one instance: batches, scale, start and stop.
#include "deploy_world.h"
#include "some_batches.h"

namespace rollctl::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

ServerScript exits_at_once() {
  ServerScript script;
  script.exits = Micros(0);
  return script;
}

TEST_F(DeployTest, ReplacesAnyNumberByAnyOtherInBatchesOfAnySize) {
  for (const Batch& batch : {kOne, kTwo, kAll}) {
    for (const int old : {1, 2, 3, 4}) {
      for (const int count : {1, 2, 3, 4}) {
        SCOPED_TRACE(batch.text() + ": " + std::to_string(old) + " by " + std::to_string(count));
        DeployWorld other;
        other.standing("v1", old);
        RolloutRequest request = other.deploy("v2", count);
        request.batch = batch;
        EXPECT_EQ(other.run(request).outcome, Outcome::Deployed);
      }
    }
  }
}

TEST_F(DeployTest, ShiftsOncePerBatch) {
  standing("v1", 4);
  RolloutRequest request = deploy("v2", 4);
  request.batch = kTwo;
  run(request);
  EXPECT_EQ(observer.count("traffic.shifted"), 2);
}

TEST_F(DeployTest, AFailingSecondBatchStartsTheDrainedOnesAgain) {
  standing("v1", 2);
  instances.scripts["v2"] = {ServerScript(), exits_at_once()};
  const Verdict verdict = run(deploy("v2", 2));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.serving, 2);
  EXPECT_THAT(serving("v1"), ElementsAre(2, 5));
}

TEST_F(DeployTest, SaysSoWhenTheDrainedOnesDoNotComeBack) {
  standing("v1", 2);
  instances.scripts["v1"] = {exits_at_once()};
  instances.scripts["v2"] = {ServerScript(), exits_at_once()};
  const Verdict verdict = run(deploy("v2", 2));
  EXPECT_EQ(verdict.outcome, Outcome::NeedsAttention);
  EXPECT_THAT(verdict.reason, HasSubstr("could not be started again"));
  EXPECT_EQ(verdict.serving, 2);
  EXPECT_THAT(serving("v1"), ElementsAre(2));
  EXPECT_THAT(serving("v2"), ElementsAre(3));
  EXPECT_FALSE(steering.attached());
  EXPECT_FALSE(verdict.hint.empty());
}

TEST_F(DeployTest, RecoverStartsTheDrainedOnesOnceTheyCanBeStarted) {
  standing("v1", 2);
  instances.scripts["v1"] = {exits_at_once()};
  instances.scripts["v2"] = {ServerScript(), exits_at_once()};
  run(deploy("v2", 2));
  instances.scripts["v1"] = {ServerScript()};
  const auto verdict = recover();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->outcome, Outcome::Deployed) << testing::PrintToString(*verdict);
}

TEST_F(DeployTest, AnEarlierBatchThatDiesTakesTheDeployBack) {
  standing("v1", 2);
  ServerScript dies;
  dies.exits = Micros(4000);
  instances.scripts["v2"] = {dies, ServerScript()};
  RolloutRequest request = deploy("v2", 2);
  request.bake = Millis(20);
  EXPECT_EQ(run(request).outcome, Outcome::RolledBack);
}

TEST_F(DeployTest, ScalesUp) {
  standing("v1", 2);
  const Verdict verdict = run(scale(4));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(history().wanted(), 4);
}

TEST_F(DeployTest, ScalesDownByTheNewest) {
  standing("v1", 3);
  EXPECT_EQ(run(scale(1)).outcome, Outcome::Deployed);
  EXPECT_THAT(serving("v1"), ElementsAre(1));
  EXPECT_EQ(observer.count("traffic.shifted"), 1);
}

TEST_F(DeployTest, AFailedScaleUpLeavesWhatWasThere) {
  standing("v1", 2);
  instances.scripts["v1"] = {ServerScript(), exits_at_once()};
  EXPECT_EQ(run(scale(4)).outcome, Outcome::RolledBack);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
  EXPECT_EQ(history().wanted(), 2);
}

TEST_F(DeployTest, AnInstanceThatIsRestartedWhileScalingCountsOnceItIsBack) {
  ServerScript script;
  script.restarts_after = Micros(500);
  standing("v1", 2, script);
  scheduler.in(Micros(500), [&] { instances.die(1); });
  ServerScript slow;
  slow.ready = Millis(50);
  instances.scripts["v1"] = {slow};
  const Verdict verdict = run(scale(3));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.serving, 3);
}

TEST_F(DeployTest, AnInstanceThatIsBeingRestartedIsNotReplacedByScaling) {
  ServerScript script;
  script.restarts_after = Micros(500);
  standing("v1", 2, script);
  instances.die(1);
  ServerScript slow;
  slow.ready = Millis(50);
  instances.scripts["v1"] = {slow};
  const Verdict verdict = run(scale(3));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2, 3));
}

TEST_F(DeployTest, AnInstanceThatDiesForGoodWhileScalingDoesNotCount) {
  standing("v1", 2);
  scheduler.in(Micros(500), [&] { instances.die(1); });
  const Verdict verdict = run(scale(3));
  EXPECT_EQ(verdict.outcome, Outcome::NeedsAttention);
  EXPECT_EQ(verdict.serving, 2);
  EXPECT_THAT(verdict.reason, HasSubstr("only 2 of 3"));
}

TEST_F(DeployTest, StartsUpToTheWantedNumberInPlaceOfFailedOnes) {
  standing("v1", 2);
  instances.die(1);
  const Verdict verdict = run(start(2));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(2, 3));
}

TEST_F(DeployTest, StartsWhatWasStopped) {
  stopped("v1", 2);
  EXPECT_EQ(run(start(2)).outcome, Outcome::Deployed);
  EXPECT_THAT(serving("v1"), ElementsAre(3, 4));
}

TEST_F(DeployTest, StartingWhatRunsDoesNothing) {
  standing("v1", 2);
  EXPECT_EQ(run(start(2)).outcome, Outcome::Deployed);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
  EXPECT_EQ(observer.count("traffic.shifted"), 0);
}

TEST_F(DeployTest, StopsEverything) {
  standing("v1", 3);
  const Verdict verdict = run(stop());
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.wanted, 0);
  EXPECT_EQ(observer.count("instance.drained"), 3);
  EXPECT_EQ(history().wanted(), 0);
}

// Classic BPF keeps a listener of an ended server for the sake of those that stay: here none stays.
TEST_F(DeployTest, IsStoppedWithTheServersWhoeverKeepsAListenerOfTheirs) {
  standing("v1", 2);
  ListenSocket listener;
  listener.inode = instances.find(1)->inode;
  instances.strangers.push_back(listener);
  const Verdict verdict = run(stop());
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_LT(verdict.duration, Millis(1000)) << "that long it is waited for, where others serve";
}

TEST_F(DeployTest, StopsFailedOnesToo) {
  standing("v1", 2);
  instances.die(1);
  instances.die(2);
  EXPECT_EQ(run(stop()).outcome, Outcome::Deployed);
}

TEST_F(DeployTest, StoppingWhatDoesNotRunDoesNothing) {
  stopped("v1", 1);
  EXPECT_EQ(run(stop()).outcome, Outcome::Deployed);
}

TEST_F(DeployTest, ScalesAndStopsWithoutSteering) {
  for (const Handover way : {Handover::Migrate, Handover::Plain}) {
    DeployWorld other;
    other.steering.handover = way;
    other.standing("v1", 2);
    EXPECT_EQ(other.run(other.scale(3)).outcome, Outcome::Deployed);
    EXPECT_EQ(other.run(other.scale(1)).outcome, Outcome::Deployed);
    EXPECT_EQ(other.run(other.stop()).outcome, Outcome::Deployed);
  }
}

}  // namespace
}  // namespace rollctl::test
