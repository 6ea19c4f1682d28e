// SPDX-License-Identifier: MIT
#include "deploy_world.h"

namespace rollctl::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class HookTest : public DeployTest {
 protected:
  HookTest() {
    hooks_config.before_deploy.command = {"before_deploy"};
    hooks_config.after_shift.command = {"after_shift"};
    hooks_config.before_drain.command = {"before_drain"};
    hooks_config.after_deploy.command = {"after_deploy"};
    hooks_config.on_failure.command = {"on_failure"};
    standing("v1", 1);
  }

  Verdict deploy_with_failing(const std::string& hook) {
    hooks.ends[hook] = ExitStatus{3, {}};
    return run(deploy("v2", 1));
  }
};

TEST_F(DeployTest, AnInstanceThatEndsDuringAHookIsStartedAgainWhenTheGateFails) {
  hooks_config.before_deploy.command = {"before_deploy"};
  hooks.takes = Millis(10);
  standing("v1", 2);
  scheduler.in(Millis(5), [&] { instances.lose_all_of(2); });
  faults.fail_next("steering.shift");
  const Verdict verdict = run(deploy("v2", 2));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 3));
  EXPECT_THAT(serving("v2"), IsEmpty());
}

TEST_F(HookTest, RunAroundADeploy) {
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::Deployed);
  EXPECT_THAT(hooks.ran, ElementsAre("before_deploy", "after_shift", "before_drain", "after_deploy"));
}

TEST_F(HookTest, NothingIsTouchedWhenBeforeDeployFails) {
  const Verdict verdict = deploy_with_failing("before_deploy");
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_EQ(verdict.reason, "the hook before_deploy failed: before_deploy exited with 3");
  EXPECT_EQ(observer.count("hook.failed"), 1);
  EXPECT_EQ(observer.count("instance.started"), 0);
  EXPECT_EQ(journal.last_intent("traffic.shifting"), nullptr);
  EXPECT_THAT(hooks.ran, ElementsAre("before_deploy", "on_failure"));
}

TEST_F(HookTest, TrafficShiftsBackWhenAfterShiftFails) {
  const Verdict verdict = deploy_with_failing("after_shift");
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_EQ(verdict.reason, "the hook after_shift failed: after_shift exited with 3");
  EXPECT_EQ(observer.count("traffic.shifted"), 2);
  EXPECT_THAT(hooks.ran, Contains("on_failure"));
}

TEST_F(HookTest, TheOthersOnlyWarn) {
  for (const char* hook : {"before_drain", "after_deploy"}) {
    DeployWorld other;
    other.hooks_config = hooks_config;
    other.standing("v1", 1);
    other.hooks.ends[hook] = ExitStatus{{}, 9};
    EXPECT_EQ(other.run(other.deploy("v2", 1)).outcome, Outcome::Deployed) << hook;
    EXPECT_EQ(other.observer.count("hook.failed"), 1) << hook;
    EXPECT_THAT(other.observer.warnings, ElementsAre(HasSubstr("was killed by SIGKILL"))) << hook;
  }
}

TEST_F(HookTest, AFailingOnFailureChangesNothing) {
  hooks.ends["on_failure"] = ExitStatus{3, {}};
  EXPECT_EQ(deploy_with_failing("after_shift").outcome, Outcome::RolledBack);
}

TEST_F(HookTest, OneThatCannotBeStartedHasFailed) {
  hooks.ends["before_deploy"] = fail(ErrorKind::NotFound, "cannot start before_deploy: No such file");
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_THAT(verdict.reason, HasSubstr("No such file"));
}

TEST_F(HookTest, OneThatIsInterruptedIsEndedAndTheDeployUndone) {
  hooks.takes = Millis(60'000);
  scheduler.in(Millis(5), [&] { interrupts.raise(2); });
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::Interrupted);
  EXPECT_EQ(verdict.reason, "interrupted while the hook before_deploy ran");
  EXPECT_THAT(hooks.told_to_end, Contains(Hooks::End::Asked));
  EXPECT_FALSE(hooks.is_running());
}

TEST_F(HookTest, OneThatIgnoresSigtermIsKilled) {
  hooks_config.on_failure = {};
  hooks.takes = Millis(60'000);
  hooks.ignores_sigterm = true;
  scheduler.in(Millis(5), [&] { interrupts.raise(2); });
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::Interrupted);
  EXPECT_THAT(hooks.told_to_end, ElementsAre(Hooks::End::Asked, Hooks::End::Forced));
}

// The page says so: after the last shift a signal only ends the wait.
TEST_F(HookTest, OneThatHangsAfterTheLastShiftIsEndedByASignalAndTheNewReleaseServes) {
  hooks_config = {};
  hooks_config.after_shift.command = {"after_shift"};
  hooks.takes = Millis(60'000);
  scheduler.in(Millis(500), [&] { interrupts.raise(15); });
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.serving_release, "v2");
  EXPECT_THAT(hooks.ran, Contains("after_shift"));
  EXPECT_THAT(hooks.told_to_end, Contains(Hooks::End::Asked));
  EXPECT_LT(verdict.duration, Millis(60'000));
}

TEST_F(DeployTest, ASecondSignalKillsTheHookAndTheVerdictSaysWhoServes) {
  hooks_config.before_drain.command = {"before_drain"};
  standing("v1", 2);
  hooks.takes = Millis(60'000);
  hooks.ignores_sigterm = true;
  scheduler.in(Millis(500), [&] { interrupts.raise(15); });
  scheduler.in(Millis(600), [&] { interrupts.raise(15); });
  const Verdict verdict = run(deploy("v3", 2));
  EXPECT_THAT(hooks.told_to_end, ElementsAre(Hooks::End::Asked, Hooks::End::Forced));
  EXPECT_EQ(verdict.outcome, Outcome::NeedsAttention);
  EXPECT_THAT(verdict.serving_by_release, ElementsAre(testing::Pair("v1", 1), testing::Pair("v3", 1)));
}

TEST_F(HookTest, HasALimitOfTime) {
  hooks_config.before_deploy.timeout = Millis(300'000);
  hooks.takes = Millis(301'000);
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_EQ(verdict.reason, "the hook before_deploy failed: before_deploy did not end within 5m");
  EXPECT_THAT(hooks.told_to_end, Contains(Hooks::End::Asked));
  EXPECT_EQ(observer.count("hook.failed"), 1);
}

TEST_F(HookTest, TakesTenMinutesAtMostUnlessToldOtherwise) {
  hooks.takes = Millis(601'000);
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::RolledBack);
  DeployWorld other;
  other.hooks_config.before_deploy.command = {"before_deploy"};
  other.hooks_config.before_deploy.timeout = Millis(0);
  other.standing("v1", 1);
  other.hooks.takes = Millis(3'601'000);
  EXPECT_EQ(other.run(other.deploy("v2", 1)).outcome, Outcome::Deployed);
}

TEST_F(HookTest, ANewInstanceThatFailsEndsIt) {
  hooks_config.before_deploy = {};
  hooks.takes = Millis(60'000);
  scheduler.in(Millis(500), [&] { instances.lose_all_of(2); });
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::RolledBack);
  EXPECT_THAT(hooks.told_to_end, Contains(Hooks::End::Asked));
}

TEST_F(HookTest, NoneThatCanRefuseStandsInTheWayOut) {
  for (const char* hook : {"before_deploy", "after_shift"}) hooks.ends[hook] = ExitStatus{1, {}};
  RolloutRequest stopping = stop();
  stopping.hooks = HookUse::Harmless;
  EXPECT_EQ(run(std::move(stopping)).outcome, Outcome::Deployed);
  RolloutRequest starting = start(1);
  starting.hooks = HookUse::Harmless;
  EXPECT_EQ(run(std::move(starting)).outcome, Outcome::Deployed);
  EXPECT_THAT(hooks.ran, ElementsAre("before_drain", "after_deploy", "after_deploy"));
}

TEST_F(HookTest, NoneRunsWhereTheyAreSkipped) {
  RolloutRequest deploying = deploy("v2", 1);
  deploying.hooks = HookUse::None;
  EXPECT_EQ(run(std::move(deploying)).outcome, Outcome::Deployed);
  EXPECT_THAT(hooks.ran, IsEmpty());
}

TEST_F(HookTest, IsToldOfTheChangeAndOfItsEnd) {
  RolloutRequest request = deploy("v2", 3);
  request.note = "the reason";
  request.caller = {"alice", "pts/3"};
  EXPECT_EQ(run(std::move(request)).outcome, Outcome::Deployed);
  EXPECT_EQ(hooks.told("before_deploy", "ROLL_COMMAND"), "deploy");
  EXPECT_EQ(hooks.told("before_deploy", "ROLL_RELEASE"), "v2");
  EXPECT_EQ(hooks.told("before_deploy", "ROLL_PREVIOUS_RELEASE"), "v1");
  EXPECT_EQ(hooks.told("before_deploy", "ROLL_INSTANCES"), "3");
  EXPECT_EQ(hooks.told("before_deploy", "ROLL_USER"), "alice");
  EXPECT_EQ(hooks.told("before_deploy", "ROLL_NOTE"), "the reason");
  EXPECT_EQ(hooks.told("before_deploy", "ROLL_OUTCOME"), "(unset)");
  EXPECT_EQ(hooks.told("after_deploy", "ROLL_OUTCOME"), "deployed");
  EXPECT_EQ(hooks.told("after_deploy", "ROLL_REASON"), "");
  EXPECT_EQ(hooks.told("after_deploy", "ROLL_CONNECTIONS_CUT"), "0");
}

TEST_F(HookTest, OnFailureIsToldTheReason) {
  (void)deploy_with_failing("after_shift");
  EXPECT_EQ(hooks.told("on_failure", "ROLL_OUTCOME"), "rolled_back");
  EXPECT_EQ(hooks.told("on_failure", "ROLL_REASON"),
            "the hook after_shift failed: after_shift exited with 3");
}

}  // namespace
}  // namespace rollctl::test
