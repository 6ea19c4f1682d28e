// SPDX-License-Identifier: MIT
#include <csignal>

#include "deploy_world.h"

namespace rollctl::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class InterruptTest : public DeployTest {
 protected:
  void interrupt_in(Micros delay, int signal = SIGINT) {
    scheduler.in(delay, [this, signal] { interrupts.raise(signal); });
  }
  // Before the first can have been heeded.
  void interrupt_twice_in(Micros delay) {
    scheduler.in(delay, [this] {
      interrupts.raise(SIGINT);
      interrupts.raise(SIGTERM);
    });
  }
  static ServerScript never_ready() {
    ServerScript script;
    script.ready.reset();
    return script;
  }
};

TEST_F(InterruptTest, ASignalWhileTheNewServerStartsUndoesAtOnce) {
  standing("v1", 1);
  instances.scripts["v2"] = {never_ready()};
  interrupt_in(Millis(20), SIGTERM);
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::Interrupted) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.interrupted_by, SIGTERM);
  EXPECT_EQ(verdict.reason, "interrupted by SIGTERM");
  EXPECT_LT(verdict.duration, Millis(100));
}

TEST_F(InterruptTest, ASignalThatCameWhileNothingWaitedCountsAsWell) {
  standing("v1", 2);
  interrupts.raise(SIGINT);
  EXPECT_EQ(run(stop()).outcome, Outcome::Interrupted);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
}

TEST_F(InterruptTest, ASignalWhileAnEarlierBatchBakesTakesItBack) {
  standing("v1", 2);
  RolloutRequest request = deploy("v2", 2);
  request.bake = Millis(1000);
  interrupt_in(Millis(20));
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::Interrupted) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
  EXPECT_LT(verdict.duration, Millis(100));
}

TEST_F(InterruptTest, AfterTheLastShiftASignalEndsTheWaitingOnly) {
  ServerScript slow;
  slow.drain_takes = Millis(5000);
  standing("v1", 1, slow);
  interrupt_in(Millis(20));
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.interrupted_by, SIGINT);
  EXPECT_THAT(verdict.draining, ElementsAre(1));
  EXPECT_LT(verdict.duration, Millis(100));
}

TEST_F(InterruptTest, ASecondSignalLeavesEverythingAsItIsForRecover) {
  standing("v1", 1);
  instances.scripts["v2"] = {never_ready()};
  interrupt_twice_in(Millis(20));
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::NeedsAttention) << testing::PrintToString(verdict);
  EXPECT_THAT(verdict.hint, HasSubstr("rollctl recover"));
  EXPECT_EQ(observer.count("deploy.finished"), 0);

  interrupts.forget();
  const auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->outcome, Outcome::Deployed) << testing::PrintToString(*recovered);
  EXPECT_THAT(serving("v1"), ElementsAre(1));
}

TEST_F(InterruptTest, RecoverLeavesTheGateUntilHandshakesThatAreLeftAreOver) {
  standing("v1", 1);
  steering.settle_takes = Millis(5000);
  interrupt_twice_in(Millis(50));  // while it settles
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::NeedsAttention);
  interrupts.forget();
  const auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->left, 1U);
  for (InstanceId id : instances.ids()) EXPECT_EQ(instances.find(id)->look_after, kHandshakeLife) << id;
}

TEST_F(InterruptTest, RecoverFindsAnInstanceThatWasJustComingUp) {
  standing("v1", 1);
  instances.scripts["v2"] = {never_ready()};
  interrupt_twice_in(Millis(20));
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::NeedsAttention);

  interrupts.forget();
  instances.coming_up = {2};
  const auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->outcome, Outcome::Deployed) << testing::PrintToString(*recovered);
  EXPECT_THAT(serving("v1"), ElementsAre(1));
  EXPECT_THAT(instances.ids(), ElementsAre(1)) << "v2 was ended";
}

TEST_F(InterruptTest, ASecondSignalEndsTheUndoingToo) {
  standing("v1", 2);
  instances.scripts["v1"] = {never_ready()};
  RolloutRequest request = deploy("v2", 2);
  instances.scripts["v2"] = {ServerScript(), never_ready()};
  interrupt_in(Millis(50));
  interrupt_in(Millis(70));
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::NeedsAttention) << testing::PrintToString(verdict);
  EXPECT_THAT(verdict.reason, HasSubstr("interrupted twice"));
  EXPECT_EQ(observer.count("instance.draining"), 1) << "only the first of the old ones";
  EXPECT_TRUE(steering.attached());
}

TEST_F(InterruptTest, RecoverWaitsForDrainsThatBeganBeforeIt) {
  ServerScript slow;
  slow.drain_takes = Millis(8000);
  standing("v1", 1, slow);
  instances.scripts["v2"] = {ServerScript()};
  interrupt_twice_in(Millis(20));
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::NeedsAttention);
  interrupts.forget();
  const auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->outcome, Outcome::Deployed) << testing::PrintToString(*recovered);
  EXPECT_THAT(serving("v2"), ElementsAre(2));
  const int drained = observer.place_of("instance.drained", 1);
  ASSERT_GE(drained, 0);
  EXPECT_LE(std::get<InstanceDrained>(observer.events.at(static_cast<size_t>(drained)).body).after,
            Millis(8000));
}

}  // namespace
}  // namespace rollctl::test
