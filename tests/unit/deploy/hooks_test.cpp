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
    hooks_config.before_deploy = {"before_deploy"};
    hooks_config.after_shift = {"after_shift"};
    hooks_config.before_drain = {"before_drain"};
    hooks_config.after_deploy = {"after_deploy"};
    hooks_config.on_failure = {"on_failure"};
    standing("v1", 1);
  }

  Verdict deploy_with_failing(const std::string& hook) {
    hooks.ends[hook] = ExitStatus{3, {}};
    return run(deploy("v2", 1));
  }
};

TEST_F(DeployTest, AnInstanceThatEndsDuringAHookIsStartedAgainWhenTheGateFails) {
  hooks_config.before_deploy = {"before_deploy"};
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

TEST_F(HookTest, OneThatIsInterruptedMayEndWhenever) {
  hooks.takes = Millis(10);
  scheduler.in(Millis(5), [&] { interrupts.raise(2); });
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::Interrupted);
  scheduler.advance(Millis(100));
}

}  // namespace
}  // namespace rollctl::test
