// SPDX-License-Identifier: MIT
// Standing canaries and standby releases, also without a running rollctl.
#include <algorithm>

#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::IsEmpty;

class CanaryTest : public AppTest {
 protected:
  [[nodiscard]] json instance_in(const std::string& state) const {
    const json now = status();
    for (const json& instance : now["instances"])
      if (instance["state"] == state) return instance;
    return nullptr;
  }
  void await_state(const std::string& release, const std::string& state) const {
    await("an instance changes its state", [&] { return instance_of(release)["state"] == state; });
  }
  [[nodiscard]] Said deploy_canary(const std::string& release, const StubApp& stub,
                                   const char* percent = "50%", std::vector<std::string> options = {}) const {
    options.insert(options.end(), {"--canary", percent, "--json"});
    return try_deploy(release, stub, std::move(options));
  }
  // Opens so many connections; returns how many each release got.
  static std::map<std::string, int> answers(int count) {
    std::map<std::string, int> by_release;
    for (int i = 0; i < count; ++i) {
      const auto answer = get();
      EXPECT_TRUE(answer) << answer.error().message;
      if (answer) ++by_release[answer->release];
    }
    return by_release;
  }
};

TEST_F(CanaryTest, StandsWithItsShareUntilItIsPromoted) {
  deploy("v1", {.instances = 2});
  Clients clients;
  const Said said = deploy_canary("v2", {.instances = 2});
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("deploy.finished")["outcome"], "canary");
  const json standing = status();
  EXPECT_EQ(standing["release"], "v1");
  EXPECT_EQ(standing["serving"], 2);
  EXPECT_EQ(standing["deploy"]["phase"], "canary");
  EXPECT_EQ(standing["deploy"]["release"], "v2");
  EXPECT_EQ(instance_in("canary")["weight"], 50.0);
  auto by_release = answers(400);
  EXPECT_NEAR(by_release["v2"], 200, 60);
  EXPECT_GT(instance_in("canary")["steered"]["connections"], 100);

  const Said promoted = rollctl({"promote", "web", "--json"});
  EXPECT_THAT(promoted, ExitsWith(0));
  EXPECT_EQ(promoted.event("deploy.finished")["outcome"], "deployed");
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v2", 2);
}

TEST_F(CanaryTest, AbortedNobodyNoticesThatItWas) {
  deploy("v1");
  Clients clients;
  EXPECT_THAT(deploy_canary("v2", {}), ExitsWith(0));
  const Said aborted = rollctl({"abort", "web", "--json"});
  EXPECT_THAT(aborted, ExitsWith(0));
  EXPECT_EQ(aborted.event("deploy.finished")["outcome"], "rolled_back");
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v1");
  EXPECT_THAT(rollctl({"abort", "web"}), AllOf(ExitsWith(1), Complains("web has no canary to abort")));
}

TEST_F(CanaryTest, IsInTheWayOfOtherChanges) {
  deploy("v1");
  EXPECT_THAT(deploy_canary("v2", {}), ExitsWith(0));
  for (const auto& command :
       {std::vector<std::string>{"deploy", "web", "v3"}, {"restart", "web"}, {"scale", "web", "2"}})
    EXPECT_THAT(rollctl(command),
                AllOf(ExitsWith(5), Complains("release v2 has been running as a canary since"),
                      Complains("rollctl abort web")))
        << command[0];
  EXPECT_THAT(rollctl({"rollback", "web"}), ExitsWith(0));
  expect_only("v1");
}

TEST_F(CanaryTest, ThatDiesUnattendedLeavesItsShareToTheOld) {
  deploy("v1");
  EXPECT_THAT(deploy_canary("v2", {}), ExitsWith(0));
  Clients clients;
  kill_process(instance_of("v2")["pid"]);
  await_state("v2", "failed");
  auto by_release = answers(50);
  EXPECT_EQ(by_release["v1"], 50);
  (void)clients.stop();  // the killed server's open connections are lost
  EXPECT_THAT(rollctl({"promote", "web"}), AllOf(ExitsWith(1), Complains("no longer serves")));
  EXPECT_THAT(rollctl({"abort", "web"}), ExitsWith(0));
  expect_only("v1");
}

TEST_F(CanaryTest, ThatDiesWhileItBakesIsWithdrawn) {
  deploy("v1");
  Clients clients;
  const Said said = deploy_canary("v2", {.behaviours = {"exit-after=200ms:3"}}, "10%", {"--bake", "30s"});
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_EQ(said.event("deploy.finished")["outcome"], "rolled_back");
  clients.await_answers(5);
  expect_only("v1");
}

TEST_F(CanaryTest, ThatBakesWellIsPromotedByItself) {
  deploy("v1", {.instances = 2});
  Clients clients;
  EXPECT_THAT(deploy_canary("v2", {.instances = 2}, "10%", {"--bake", "300ms"}), ExitsWith(0));
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v2", 2);
}

TEST_F(CanaryTest, GetsTheShareThatItIsGiven) {
  deploy("v1", {.instances = 2});
  EXPECT_THAT(deploy_canary("v2", {.instances = 2}, "0%"), ExitsWith(0));
  EXPECT_EQ(answers(200)["v2"], 0) << "ready, but without connections";
  Clients clients;
  constexpr int kEnough = 2000;
  for (const int percent : {1, 25, 50}) {
    const Said said = rollctl({"canary", "web", std::to_string(percent) + "%"});
    EXPECT_THAT(said, AllOf(ExitsWith(0), Says("v2 serves " + std::to_string(percent) + "% as a canary")));
    EXPECT_EQ(instance_in("canary")["weight"], percent);
    EXPECT_NEAR(answers(kEnough)["v2"] * 100.0 / kEnough, percent, 4);
  }
  EXPECT_THAT(rollctl({"promote", "web"}), ExitsWith(0));
  expect_only("v2", 2);
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_THAT(rollctl({"canary", "web", "10%"}), AllOf(ExitsWith(1), Complains("has no canary")));
  EXPECT_THAT(rollctl({"canary", "web", "100%"}), AllOf(ExitsWith(2), Complains("invalid share '100%'")));
}

TEST_F(CanaryTest, InStepsIsWithdrawnInTheSecondWhenItCrashes) {
  deploy("v1", {.instances = 2});
  Clients clients;
  write_app(
      StubApp{.instances = 2, .tables = "[rollout]\ncanary = [\"1%\", \"10%\", \"50%\"]\nbake = \"1s\"\n"});
  ChildProcess deploying = start({"deploy", "web", "v2", "--json"});
  EXPECT_EQ(await_event(deploying, "traffic.shifted")["weights"]["3"], 1.0);
  EXPECT_EQ(await_event(deploying, "traffic.shifted")["weights"]["3"], 10.0);
  kill_process(instance_of("v2")["pid"]);
  const Said said = finish(deploying);
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_EQ(said.event("deploy.finished")["outcome"], "rolled_back");
  expect_only("v1", 2);
  EXPECT_THAT(rollctl({"deploy", "web", "v3"}), ExitsWith(0));
  expect_only("v3", 2);
  (void)clients.stop();  // what was open in the server that was killed is lost
}

TEST_F(CanaryTest, AnOldServerThatDiesMeanwhileReturnsToTheRotation) {
  deploy("v1", {.instances = 1});
  EXPECT_THAT(deploy_canary("v2", {}), ExitsWith(0));
  const json before = instance_of("v1");
  kill_process(before["pid"]);
  await("it is restarted", [&] {
    const json now = instance_of("v1");
    return now["state"] == "serving" && now["pid"] != before["pid"];
  });
  auto by_release = answers(200);
  EXPECT_GT(by_release["v1"], 50);
  EXPECT_GT(by_release["v2"], 50);
  EXPECT_THAT(rollctl({"abort", "web"}), ExitsWith(0));
  expect_only("v1");
}

TEST_F(CanaryTest, AStopEndsAll) {
  deploy("v1");
  EXPECT_THAT(deploy_canary("v2", {}), ExitsWith(0));
  EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
  EXPECT_THAT(status()["instances"], IsEmpty());
  EXPECT_EQ(status()["deploy"], nullptr);
  EXPECT_THAT(rollctl({"start", "web"}), ExitsWith(0));
  expect_only("v1");
}

TEST_F(CanaryTest, WithoutSteeringIsRefusedAndNothingIsTouched) {
  deploy("v1", {.keys = "handover = \"plain\"\n"});
  const Said said = try_deploy("v2", {.keys = "handover = \"plain\"\n"}, {"--canary", "10%"});
  EXPECT_THAT(said, AllOf(ExitsWith(7), Complains("a canary needs steering")));
  expect_only("v1");
}

TEST_F(CanaryTest, ARollbackFromStandbyIsOneFlip) {
  deploy("v1", {.instances = 2});
  Clients clients;
  EXPECT_THAT(try_deploy("v2", {.instances = 2}, {"--hold", "10m"}), ExitsWith(0));
  EXPECT_EQ(instance_of("v1")["state"], "standby");
  EXPECT_NE(instance_of("v1")["standby_until"], nullptr);
  auto by_release = answers(20);
  EXPECT_EQ(by_release["v2"], 20);
  const json pid = instance_of("v1")["pid"];
  const Said back = rollctl({"rollback", "web", "--json"});
  EXPECT_THAT(back, ExitsWith(0));
  EXPECT_EQ(back.event("instance.started"), nullptr);
  EXPECT_EQ(back.event("instance.starting"), nullptr);
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v1", 2);
  EXPECT_EQ(instance_of("v1")["pid"], pid);
}

TEST_F(CanaryTest, AHoldEndsByItself) {
  deploy("v1");
  Clients clients;
  EXPECT_THAT(try_deploy("v2", {}, {"--hold", "300ms"}), ExitsWith(0));
  await("the standby has gone", [&] { return status()["instances"].size() == 1; });
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  // Without a program, a listener without a slot gets its share at once.
  await("the steering has ended", [&] { return residents().size() == 2 && nobody_holds_steering(); });
  const auto lines = journal();
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(),
                          [](const json& line) { return line["event"] == "instance.drained"; }));
  expect_only("v2");
}

TEST_F(CanaryTest, TheNextDeployEndsAStandby) {
  deploy("v1");
  Clients clients;
  EXPECT_THAT(try_deploy("v2", {}, {"--hold", "10m"}), ExitsWith(0));
  EXPECT_THAT(try_deploy("v3", {}), ExitsWith(0));
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v3");
}

// Without privileges steering ends with rollctl: it attends
// the canary, and other commands signal their decision to it.
class AttendedCanaryTest : public CanaryTest {
 protected:
  void SetUp() override {
    CanaryTest::SetUp();
    if (!IsSkipped()) run_as(65534);
  }
  // Starts a deploy and returns once it attends its canary.
  [[nodiscard]] ChildProcess deploy_and_stay(const std::string& release, const char* option,
                                             const char* value) const {
    write_app(StubApp{.instances = 2});
    ChildProcess deploy = start({"deploy", "web", release, option, value, "--json"});
    await_event(deploy, "warning");
    return deploy;
  }
};

TEST_F(AttendedCanaryTest, IsPromotedFromAnotherShell) {
  deploy("v1", {.instances = 2});
  Clients clients;
  ChildProcess staying = deploy_and_stay("v2", "--canary", "50%");
  auto by_release = answers(200);
  EXPECT_NEAR(by_release["v2"], 100, 50);
  EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(5));
  EXPECT_THAT(rollctl({"promote", "web"}), AllOf(ExitsWith(0), Says("v2 serves with 2 instances")));
  EXPECT_THAT(finish(staying), ExitsWith(0));
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v2", 2);
}

TEST_F(AttendedCanaryTest, IsEndedFromAnotherShell) {
  deploy("v1", {.instances = 2});
  Clients clients;
  ChildProcess staying = deploy_and_stay("v2", "--canary", "50%");
  EXPECT_THAT(rollctl({"abort", "web"}),
              AllOf(ExitsWith(0), Says("the canary of v2 was withdrawn, v1 serves as before")));
  const Said said = finish(staying);
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_THAT(said.out, testing::HasSubstr("ended by `rollctl abort web`"));
  EXPECT_EQ(status()["deploy"], nullptr);
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v1", 2);
}

TEST_F(AttendedCanaryTest, AnInterruptedHoldReturnsAtOnce) {
  deploy("v1", {.instances = 2});
  const json pid = instance_of("v1")["pid"];
  Clients clients;
  ChildProcess staying = deploy_and_stay("v2", "--hold", "10m");
  ASSERT_TRUE(staying.send_signal(SIGINT));
  EXPECT_THAT(finish(staying), ExitsWith(130));
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v1", 2);
  EXPECT_EQ(instance_of("v1")["pid"], pid);
}

TEST_F(AttendedCanaryTest, AHoldEndsWithItsTime) {
  deploy("v1", {.instances = 2});
  Clients clients;
  EXPECT_THAT(try_deploy("v2", {.instances = 2}, {"--hold", "300ms"}), ExitsWith(0));
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v2", 2);
}

TEST_F(AttendedCanaryTest, CannotBeDetachedFrom) {
  deploy("v1");
  for (const char* option : {"--canary=10%", "--hold=1m"})
    EXPECT_THAT(try_deploy("v2", {}, {option, "--detach"}),
                AllOf(ExitsWith(7), Complains("this host steers only while rollctl runs")));
  expect_only("v1");
}

}  // namespace rollctl::test
