// SPDX-License-Identifier: MIT
// Kernels that lack something which others have.
#include <fstream>

#include "support/app_fixture.h"

namespace rollctl::test {
namespace {

using testing::AllOf;
using testing::Not;

class NoTcpDiagTest : public AppTest {
 protected:
  [[nodiscard]] Said rollctl_without(std::vector<std::string> arguments) const {
    ChildSpec spec = rollctl_spec(std::move(arguments));
    spec.env.emplace_back(std::string("LD_PRELOAD=") + ROLL_NO_TCP_DIAG);
    auto child = ChildProcess::spawn(spec);
    EXPECT_TRUE(child) << child.error().message;
    return finish(*child);
  }
};

constexpr int kNotPossible = 7;
constexpr const char* kMissing = "its module tcp_diag is neither loaded";

TEST_F(NoTcpDiagTest, ADeployIsRefusedAndSaysWhatIsMissing) {
  deploy("v1");
  EXPECT_THAT(rollctl_without({"deploy", "web", "v2"}),
              AllOf(ExitsWith(kNotPossible), Complains(kMissing), Complains("modprobe tcp_diag")));
  expect_only("v1");
}

// Such a kernel answers for IPv6 as one without IPv6 does.
TEST_F(NoTcpDiagTest, AnAppOfIpv6AloneIsRefusedAsWell) {
  write_app(StubApp{.listen = {"[::1]:8080"}});
  EXPECT_THAT(rollctl_without({"deploy", "web", "v1"}), AllOf(ExitsWith(kNotPossible), Complains(kMissing)));
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  EXPECT_THAT(rollctl_without({"status", "web"}), Not(Says("no listener"))) << "it could not look";
}

TEST_F(NoTcpDiagTest, CheckAndDoctorNoticeIt) {
  deploy("v1");
  EXPECT_THAT(rollctl_without({"check", "web"}), AllOf(Complains(kMissing), ExitsWith(kNotPossible)));
  EXPECT_THAT(rollctl_without({"doctor"}), AllOf(Says(kMissing), Not(Says("lossless")), Not(ExitsWith(0))));
}

// By its name only: what a kernel does cannot be played.
class OtherKernelTest : public AppTest {
 protected:
  [[nodiscard]] Said rollctl_on(const char* kernel, std::vector<std::string> arguments,
                                std::vector<std::string> before = {}) const {
    ChildSpec spec = rollctl_spec(std::move(arguments));
    spec.argv.insert(spec.argv.begin(), before.begin(), before.end());
    spec.env.emplace_back(std::string("LD_PRELOAD=") + ROLL_OTHER_KERNEL);
    spec.env.emplace_back(std::string("ROLL_KERNEL=") + kernel);
    auto child = ChildProcess::spawn(spec);
    EXPECT_TRUE(child) << child.error().message;
    return finish(*child);
  }
};

constexpr const char* kMayCrash =
    "this kernel (6.18.15) can crash when a classic steering program is replaced";
const std::vector<std::string> kWithoutBpf{"setpriv", "--inh-caps=-bpf,-sys_admin",
                                           "--bounding-set=-bpf,-sys_admin"};

TEST_F(OtherKernelTest, WhereAClassicProgramMayCrashItEverythingSaysSo) {
  run_as(65534);
  write_app(StubApp{});
  EXPECT_THAT(rollctl_on("6.18.15", {"deploy", "web", "v1"}),
              AllOf(ExitsWith(0), Complains(kMayCrash), Complains("6.18.36")));
  EXPECT_THAT(rollctl_on("6.18.15", {"check", "web"}), AllOf(ExitsWith(0), Complains(kMayCrash)));
  EXPECT_THAT(rollctl_on("6.18.15", {"doctor"}), AllOf(ExitsWith(1), Says(kMayCrash)));
  EXPECT_THAT(rollctl_on("6.18.36", {"deploy", "web", "v2"}),
              AllOf(ExitsWith(0), Not(Complains("can crash"))));
  EXPECT_THAT(rollctl_on("6.18.36", {"doctor"}), AllOf(ExitsWith(0), Not(Says("can crash"))));
}

TEST_F(OtherKernelTest, WhereEbpfSteersAClassicProgramIsNoConcern) {
  write_app(StubApp{});
  EXPECT_THAT(rollctl_on("6.18.15", {"deploy", "web", "v1"}), AllOf(ExitsWith(0), Not(Complains("warning"))));
  EXPECT_THAT(rollctl_on("6.18.15", {"doctor"}), ExitsWith(0));
}

TEST_F(OtherKernelTest, RootIsToldWhenAClassicProgramSteers) {
  write_app(StubApp{});
  EXPECT_THAT(rollctl_on("6.18.44", {"deploy", "web", "v1"}, kWithoutBpf),
              AllOf(ExitsWith(0), Complains("steering by a classic program, since eBPF is not possible: "
                                            "cannot load the steering program")));
}

TEST_F(OtherKernelTest, AnOldOneIsNotToldToGetCapabilities) {
  const Said said = rollctl_on("5.10.262", {"doctor"}, kWithoutBpf);
  EXPECT_THAT(said, AllOf(Says("this kernel (5.10.262) is too old"), Not(Says("CAP_BPF"))));
}

// Linux before 5.14 with the setting.
TEST_F(OtherKernelTest, ThatASettingExistsProvesNothing) {
  write_app(StubApp{.keys = "handover = \"migrate\"\n"});
  std::ofstream(path("one")) << "1\n";
  const Said said =
      rollctl_on("5.10.262", {"deploy", "web", "v1"},
                 {"unshare", "--mount", "sh", "-c",
                  "mount --bind \"$0\" /proc/sys/net/ipv4/tcp_migrate_req && exec \"$@\"", path("one")});
  EXPECT_THAT(said, AllOf(ExitsWith(kNotPossible), Complains("the kernel moved 0 of 16 connections")));
}

}  // namespace
}  // namespace rollctl::test
