// SPDX-License-Identifier: MIT
// First deploys: gated and probed like any other, with any number of instances.
#include <sys/resource.h>

#include <cerrno>

#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHttp = "[ready]\nkind = \"http\"\npath = \"/readyz\"\n";

class FirstDeployTest : public AppTest {
 protected:
  [[nodiscard]] int requests(const std::string& detail) const {
    return count_server_events(
        [&](const json& line) { return line["event"] == "request" && line["detail"] == detail; });
  }
};

TEST_F(FirstDeployTest, RefusesClientsUntilItIsReady) {
  write_app(StubApp{.behaviours = {"ready-after=1s"}, .instances = 2, .tables = kHttp});
  ChildProcess deploy = start({"deploy", "web", "v1", "--json"});
  await("a probe reached it", [&] { return requests("/readyz") > 0; });
  int refused = 0;
  // An unready stub_server still answers "/".
  while (!connect_client() && refused < 100) ++refused;
  EXPECT_EQ(requests("/"), 0);
  EXPECT_EQ(refused, 100);
  EXPECT_THAT(finish(deploy), ExitsWith(0));
  const auto answer = get();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->release, "v1");
}

TEST_F(FirstDeployTest, AdvisesOnceToAskTheServerAndCheckAlways) {
  constexpr const char* kAdvice = "shows only that the server listens";
  EXPECT_THAT(try_deploy("v1", {}), AllOf(ExitsWith(0), Complains(kAdvice)));
  EXPECT_THAT(try_deploy("v2", {}), AllOf(ExitsWith(0), Not(Complains(kAdvice))));
  EXPECT_THAT(rollctl({"check", "web"}), AllOf(ExitsWith(0), Complains(kAdvice)));
  write_app(StubApp{.tables = kHttp});
  EXPECT_THAT(rollctl({"check", "web"}), AllOf(ExitsWith(0), Not(Complains(kAdvice))));
  EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"remove", "web"}), ExitsWith(0));
  EXPECT_THAT(try_deploy("v1", {.tables = kHttp}), AllOf(ExitsWith(0), Not(Complains(kAdvice))));
}

TEST_F(FirstDeployTest, ACommandThatProbesThroughThePortGetsThrough) {
  write_app(StubApp{.tables = "[ready]\nkind = \"exec\"\ncommand = [\"/bin/bash\", \"-c\", \"exec "
                              "3<>/dev/tcp/127.0.0.1/8080\"]\ndeadline = \"10s\"\n"});
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
}

TEST_F(FirstDeployTest, ProbesManyAtOnceAsQuicklyAsOne) {
  const StubApp many{.instances = 40, .tables = kHttp};
  EXPECT_THAT(try_deploy("v1", many, {"--batch", "all"}), ExitsWith(0));
  expect_only("v1", 40);
  EXPECT_THAT(rollctl({"stop", "web", "--drain-deadline", "5s"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"start", "web", "--batch", "all"}), ExitsWith(0));
  expect_only("v1", 40);
  EXPECT_THAT(try_deploy("v2", many, {"--batch", "all"}), ExitsWith(0));
  expect_only("v2", 40);
}

TEST_F(FirstDeployTest, SteersByClassicProgramsAsWell) {
  if (geteuid() == 0) run_as(65534);
  EXPECT_THAT(try_deploy("v1", {.instances = 40, .tables = kHttp}, {"--batch", "all"}), ExitsWith(0));
  expect_only("v1", 40);
}

// Restores this process's own limits.
class LimitedTest : public FirstDeployTest {
 protected:
  void SetUp() override {
    FirstDeployTest::SetUp();
    getrlimit(RLIMIT_NOFILE, &before_);
  }
  void TearDown() override {
    setrlimit(RLIMIT_NOFILE, &before_);
    FirstDeployTest::TearDown();
  }
  rlimit before_{};
};

TEST_F(LimitedTest, RollctlRaisesItsOwnSoftLimitAndNobodyElses) {
  const rlimit low{80, before_.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  write_app(StubApp{.instances = 24, .tables = kHttp});
  EXPECT_THAT(rollctl({"deploy", "web", "v1", "--batch", "all"}), ExitsWith(0));
  const std::string limits =
      read("/proc/" + std::to_string(instance_of("v1")["pid"].get<pid_t>()) + "/limits");
  EXPECT_THAT(limits, testing::ContainsRegex("Max open files +80 +" + std::to_string(before_.rlim_max)));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0);
}

TEST_F(LimitedTest, WhatTheHardLimitDoesNotAllowIsRefusedBeforehand) {
  write_app(StubApp{.instances = 200, .tables = kHttp});
  const std::string few = "prlimit --nofile=500:500 ";
  for (const std::string command : {"deploy web v1", "deploy web v1 --dry-run", "check web"}) {
    ChildSpec spec = rollctl_spec({});
    spec.argv = {"/bin/sh", "-c", "exec " + few + spec.argv.front() + " " + command};
    const auto ran = run_child(spec, kLong);
    ASSERT_TRUE(ran) << ran.error().message;
    EXPECT_EQ(ran->exit, ChildExit::with_code(7)) << command << ran->errors;
    EXPECT_THAT(ran->errors, HasSubstr("descriptors, and rollctl may have 500"));
  }
  EXPECT_EQ(status()["instances"].size(), 0U);
  EXPECT_TRUE(server_events().empty());
}

}  // namespace rollctl::test
