// SPDX-License-Identifier: MIT
#include "doctor/host_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace rollctl {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using enum HostCheck::Outcome;
using enum HostCheck::Need;

const Error kForbidden{ErrorKind::NotPermitted, 1, "cannot load the steering program", "run it as root"};
const Error kTooOld{ErrorKind::Unsupported, 22, "cannot load the steering program", "Linux 5.14 or newer"};

class HostVerdictTest : public testing::Test {
 protected:
  [[nodiscard]] HostVerdict judge(UserKind user = UserKind::Ordinary) const {
    return judge_host(choice, checks, user, "/usr/bin/rollctl");
  }
  HostCheck& check(const char* name) { return *std::ranges::find(checks, name, &HostCheck::name); }
  void no_ebpf(const Error& why) {
    choice.why_not_ebpf = why;
    check("steer-ebpf").outcome = Fails;
  }
  void no_steering(const Error& why) {
    no_ebpf(why);
    choice.why_not_steer = why;
    choice.way = Handover::Plain;
    check("steer-classic").outcome = Fails;
  }

  HandoverChoice choice{Handover::Steer, {}, {}, kTooOld};
  std::vector<HostCheck> checks{{"steer-ebpf", Works, "", "", Better},
                                {"steer-classic", Works, "", "", Better},
                                {"migrate", Fails, "", "sysctl -w net.ipv4.tcp_migrate_req=1", Better},
                                {"take-listener", Works, "", "", Always},
                                {"lingering", Untried, "", "", Better}};
};

TEST_F(HostVerdictTest, LeavesNothingToImproveWhereEbpfSteers) {
  const HostVerdict verdict = judge();
  EXPECT_TRUE(verdict.lossless);
  EXPECT_EQ(verdict.handover, Handover::Steer);
  EXPECT_EQ(verdict.guarantee, handover_guarantee(Handover::Steer));
  EXPECT_EQ(verdict.improve, "");
}

TEST_F(HostVerdictTest, LosesNothingEitherWhereOnlyAClassicProgramMay) {
  no_ebpf(kForbidden);
  const HostVerdict verdict = judge();
  EXPECT_TRUE(verdict.lossless);
  EXPECT_THAT(verdict.guarantee, HasSubstr("in the foreground"));
  EXPECT_EQ(verdict.improve, "sudo setcap cap_bpf,cap_net_admin+ep /usr/bin/rollctl");
  EXPECT_THAT(judge(UserKind::Root).improve, StartsWith("grant the container"));
}

TEST_F(HostVerdictTest, IsLosslessOnlyIfTheKindThatIsTakenWorked) {
  check("steer-classic").outcome = Fails;
  EXPECT_TRUE(judge().lossless);
  check("steer-ebpf").outcome = Fails;
  EXPECT_FALSE(judge().lossless);
  EXPECT_THAT(judge().guarantee, StartsWith("nothing"));
}

TEST_F(HostVerdictTest, BelievesWhatCouldNotBeTried) {
  check("steer-ebpf").outcome = LikelyWorks;
  check("take-listener").outcome = Untried;
  EXPECT_TRUE(judge().lossless);
}

TEST_F(HostVerdictTest, AsksFirstForWhatEveryDeployNeeds) {
  no_ebpf(kForbidden);
  check("take-listener") = {"take-listener", Fails, "", "sysctl -w kernel.yama.ptrace_scope=1", Always};
  const HostVerdict verdict = judge();
  EXPECT_FALSE(verdict.lossless);
  EXPECT_THAT(verdict.guarantee, StartsWith("nothing"));
  EXPECT_EQ(verdict.improve, "sysctl -w kernel.yama.ptrace_scope=1");
}

TEST_F(HostVerdictTest, TurnsToMigrationWhereNoPrivilegeWouldMakeItSteer) {
  no_steering(kTooOld);
  EXPECT_FALSE(judge().lossless);
  EXPECT_EQ(judge().guarantee, handover_guarantee(Handover::Plain));
  EXPECT_EQ(judge().improve, "sysctl -w net.ipv4.tcp_migrate_req=1");
  check("migrate") = {"migrate", Works, "", "", Better};
  choice.way = Handover::Migrate;
  EXPECT_FALSE(judge().lossless);
  EXPECT_EQ(judge().improve, "Linux 5.14 or newer");
}

TEST_F(HostVerdictTest, AsksForThePrivilegeWhereThatWouldMakeItSteer) {
  no_steering(kForbidden);
  EXPECT_THAT(judge().improve, StartsWith("sudo setcap"));
}

TEST_F(HostVerdictTest, RemindsOfLingeringWhereAllElseIsWell) {
  check("lingering") = {"lingering", Fails, "", "loginctl enable-linger web", Better};
  EXPECT_TRUE(judge().lossless);
  EXPECT_EQ(judge().improve, "loginctl enable-linger web");
}

}  // namespace
}  // namespace rollctl
