// SPDX-License-Identifier: MIT
// Kernels that lack something which others have.
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

}  // namespace
}  // namespace rollctl::test
