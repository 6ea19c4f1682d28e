// SPDX-License-Identifier: MIT
#include "doctor/host_assessment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace rollctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using enum HostCheck::Outcome;
using enum HostCheck::Need;

const Error kForbidden{ErrorKind::NotPermitted, 1, "cannot load the steering program", "run it as root"};
const Error kTooOld{ErrorKind::Unsupported, 22, "cannot load the steering program", "Linux 5.14 or newer"};

class HostAssessmentTest : public testing::Test {
 protected:
  [[nodiscard]] HostAssessment judge(UserKind user = UserKind::Ordinary) const {
    return assess_host(choice, checks, user, "/usr/bin/rollctl");
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
                                {"classic-program", Works, "", "newer", Better},
                                {"migrate", Fails, "", "sysctl -w net.ipv4.tcp_migrate_req=1", Better},
                                {"take-listener", Works, "", "", Better},
                                {"take-as-user", Works, "", "", Better},
                                {"folders", Works, "", "", Always},
                                {"lingering", Untried, "", "", Better}};
};

TEST_F(HostAssessmentTest, LeavesNothingToImproveWhereEbpfSteers) {
  const HostAssessment assessment = judge();
  EXPECT_TRUE(assessment.lossless);
  EXPECT_EQ(assessment.handover, Handover::Steer);
  EXPECT_EQ(assessment.guarantee, handover_guarantee(Handover::Steer));
  EXPECT_EQ(assessment.improve, "");
}

TEST_F(HostAssessmentTest, LosesNothingEitherWhereOnlyAClassicProgramMay) {
  no_ebpf(kForbidden);
  const HostAssessment assessment = judge();
  EXPECT_TRUE(assessment.lossless);
  EXPECT_THAT(assessment.guarantee, HasSubstr("in the foreground"));
  EXPECT_EQ(assessment.improve, "sudo setcap cap_bpf,cap_net_admin+ep /usr/bin/rollctl");
  EXPECT_THAT(judge(UserKind::Root).improve, StartsWith("grant the container"));
}

TEST_F(HostAssessmentTest, DoesNotCallAClassicProgramLosslessThatMayCrashTheKernel) {
  check("classic-program").outcome = Fails;
  check("classic-program").message = "this kernel can crash";
  EXPECT_TRUE(judge().lossless) << "eBPF is taken";
  EXPECT_EQ(judge().guarantee, handover_guarantee(Handover::Steer));
  no_ebpf(kForbidden);
  EXPECT_FALSE(judge().lossless);
  EXPECT_THAT(judge().guarantee, HasSubstr("; but this kernel can crash"));
  check("classic-program").outcome = Untried;
  EXPECT_TRUE(judge().lossless);
  EXPECT_THAT(judge().guarantee, HasSubstr("this kernel can crash")) << "it is said where it is not known";
}

// On a busy host, where a trial takes longer than it may.
TEST_F(HostAssessmentTest, IsNotLosslessWhereSteeringCouldNotBeTried) {
  check("steer-ebpf").outcome = Untried;
  check("steer-ebpf").message = "it took longer than 3000 ms";
  EXPECT_FALSE(judge().lossless);
  EXPECT_EQ(judge().guarantee,
            "unknown: steer-ebpf could not be tried (it took longer than 3000 ms); run rollctl doctor again");
  check("folders").outcome = Fails;
  EXPECT_THAT(judge().guarantee, StartsWith("nothing")) << "what is known to be missing comes first";
}

TEST_F(HostAssessmentTest, IsLosslessOnlyIfTheKindThatIsTakenWorked) {
  check("steer-classic").outcome = Fails;
  EXPECT_TRUE(judge().lossless);
  check("steer-ebpf").outcome = Fails;
  EXPECT_FALSE(judge().lossless);
  EXPECT_THAT(judge().guarantee, StartsWith("nothing"));
}

TEST_F(HostAssessmentTest, BelievesWhatCouldNotBeTried) {
  check("steer-ebpf").outcome = LikelyWorks;
  check("take-listener").outcome = Untried;
  EXPECT_TRUE(judge().lossless);
}

TEST_F(HostAssessmentTest, AsksFirstForWhatEveryDeployNeeds) {
  no_ebpf(kForbidden);
  check("folders") = {"folders", Fails, "", "mkdir /run/rollctl", Always};
  check("take-listener") = {"take-listener", Fails, "", "sysctl -w kernel.yama.ptrace_scope=1", Better};
  const HostAssessment assessment = judge();
  EXPECT_FALSE(assessment.lossless);
  EXPECT_THAT(assessment.guarantee, StartsWith("nothing"));
  EXPECT_EQ(assessment.improve, "mkdir /run/rollctl");
}

TEST_F(HostAssessmentTest, SteersOnlyInheritedSocketsWhereNoneCanBeTaken) {
  check("take-listener") = {"take-listener", Fails, "", "grant CAP_SYS_PTRACE", Better};
  const HostAssessment assessment = judge();
  EXPECT_FALSE(assessment.lossless);
  EXPECT_EQ(assessment.handover, Handover::Plain);
  EXPECT_THAT(assessment.guarantee, AllOf(StartsWith("only servers that inherit their sockets"),
                                          HasSubstr(handover_guarantee(Handover::Plain))));
  EXPECT_EQ(assessment.improve, "grant CAP_SYS_PTRACE");
  choice.why_not_migrate.reset();
  EXPECT_EQ(judge().handover, Handover::Migrate);
}

TEST_F(HostAssessmentTest, SaysWhereOnlyServersOfAnotherUserCannotBeSteered) {
  check("take-as-user") = {"take-as-user", Fails, "", "grant CAP_SYS_PTRACE", Better};
  const HostAssessment assessment = judge();
  EXPECT_FALSE(assessment.lossless);
  EXPECT_EQ(assessment.handover, Handover::Steer);
  EXPECT_THAT(assessment.guarantee,
              AllOf(StartsWith(handover_guarantee(Handover::Steer)), HasSubstr("with another `user`")));
  EXPECT_EQ(assessment.improve, "grant CAP_SYS_PTRACE");
}

TEST_F(HostAssessmentTest, TurnsToMigrationWhereNoPrivilegeWouldMakeItSteer) {
  no_steering(kTooOld);
  EXPECT_FALSE(judge().lossless);
  EXPECT_EQ(judge().guarantee, handover_guarantee(Handover::Plain));
  EXPECT_EQ(judge().improve, "sysctl -w net.ipv4.tcp_migrate_req=1");
  check("migrate") = {"migrate", Works, "", "", Better};
  choice.way = Handover::Migrate;
  EXPECT_FALSE(judge().lossless);
  EXPECT_EQ(judge().improve, "Linux 5.14 or newer");
}

TEST_F(HostAssessmentTest, AsksForThePrivilegeWhereThatWouldMakeItSteer) {
  no_steering(kForbidden);
  EXPECT_THAT(judge().improve, StartsWith("sudo setcap"));
}

TEST_F(HostAssessmentTest, RemindsOfLingeringWhereAllElseIsWell) {
  check("lingering") = {"lingering", Fails, "", "loginctl enable-linger web", Better};
  EXPECT_TRUE(judge().lossless);
  EXPECT_EQ(judge().improve, "loginctl enable-linger web");
}

}  // namespace
}  // namespace rollctl
