// SPDX-License-Identifier: MIT
#include "process/systemd_unit.h"

#include <gmock/gmock.h>

namespace rollctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

LaunchSpec spec_of(const std::string& app) {
  LaunchSpec spec;
  spec.app = app;
  spec.release = "v2";
  spec.instance = 12;
  spec.run_dir = "/run/rollctl/" + app + "/12";
  spec.journal_path = "/var/lib/rollctl/" + app + "/journal.jsonl";
  spec.unit.emplace();
  return spec;
}

size_t place_of(const std::vector<std::string>& words, const std::string& word) {
  return static_cast<size_t>(std::find(words.begin(), words.end(), word) - words.begin());
}

TEST(SystemdUnitTest, IsNamedAfterAppAndInstance) {
  EXPECT_EQ(unit_name("web", 12), "rollctl-web-12.service");
  EXPECT_EQ(slice_name("web"), "rollctl-web.slice");
}

TEST(SystemdUnitTest, TheSliceOfAnAppIsNotBelowTheOneOfAnother) {
  EXPECT_EQ(unit_name("web-api", 1), "rollctl-web-api-1.service");
  EXPECT_EQ(slice_name("web-api"), "rollctl-web\\x2dapi.slice");
}

TEST(SystemdUnitTest, LeavesTheServerToItsShim) {
  EXPECT_THAT(systemd_run_command(SystemdScope::System, "/usr/libexec/rollctl/roll-shim", spec_of("web")),
              IsSupersetOf({"--collect", "--service-type=exec", "--unit=rollctl-web-12.service",
                            "--slice=rollctl-web.slice", "--property=KillMode=process",
                            "--property=TimeoutStopSec=infinity", "--property=OOMPolicy=continue",
                            "--property=Before=rollctl@web.service", "--property=After=network.target"}));
}

TEST(SystemdUnitTest, EndsWithWhatIsRun) {
  LaunchSpec spec = spec_of("web");
  spec.run_dir = "/run/$HOME/web/12";
  const auto words = systemd_run_command(SystemdScope::System, "/opt/a$b/roll-shim", spec);
  EXPECT_THAT(std::vector(words.end() - 3, words.end()),
              ElementsAre("--", "/opt/a$$b/roll-shim", "/run/$$HOME/web/12"));
}

TEST(SystemdUnitTest, AsksTheManagerOfTheUser) {
  const LaunchSpec spec = spec_of("web");
  EXPECT_THAT(systemd_run_command(SystemdScope::User, "/shim", spec), Contains("--user"));
  EXPECT_THAT(systemd_run_command(SystemdScope::System, "/shim", spec), Not(Contains("--user")));
}

TEST(SystemdUnitTest, PassesOnWhatTheAppFileSays) {
  LaunchSpec spec = spec_of("web");
  spec.unit->properties = {{"MemoryMax", "512M"}, {"SyslogIdentifier", "mine"}};
  const auto words = systemd_run_command(SystemdScope::System, "/shim", spec);
  EXPECT_THAT(words, Contains("--property=MemoryMax=512M"));
  // Of two values the last one counts.
  EXPECT_GT(place_of(words, "--property=SyslogIdentifier=mine"),
            place_of(words, "--property=SyslogIdentifier=web"));
  ASSERT_LT(place_of(words, "--property=SyslogIdentifier=mine"), words.size());
}

TEST(SystemdUnitTest, TheShimMayWriteWhereItsFilesAreWhateverIsReadOnly) {
  LaunchSpec spec = spec_of("web");
  EXPECT_THAT(systemd_run_command(SystemdScope::System, "/shim", spec),
              Not(Contains(HasSubstr("ReadWritePaths"))));
  spec.unit->properties = {{"ProtectSystem", "strict"}};
  EXPECT_THAT(systemd_run_command(SystemdScope::System, "/shim", spec),
              IsSupersetOf({"--property=ReadWritePaths=\"/run/rollctl/web\"",
                            "--property=ReadWritePaths=\"/var/lib/rollctl/web\""}));
  spec.run_dir = "/home/a \"b\"\\c/web/12";
  EXPECT_THAT(systemd_run_command(SystemdScope::System, "/shim", spec),
              Contains("--property=ReadWritePaths=\"/home/a \\\"b\\\"\\\\c/web\""));
}

}  // namespace
}  // namespace rollctl
