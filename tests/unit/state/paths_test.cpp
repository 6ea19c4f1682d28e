// SPDX-License-Identifier: MIT
#include "state/paths.h"

#include <gtest/gtest.h>

#include <map>

namespace rollctl {
namespace {

using Variables = std::map<std::string, std::string>;

Result<Paths> resolve(uid_t uid, const Variables& variables) {
  return Paths::resolve(uid, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found != variables.end() ? found->second.c_str() : nullptr;
  });
}

const Variables kUser{{"HOME", "/home/u"}, {"XDG_RUNTIME_DIR", "/run/user/7"}};

TEST(PathsTest, OfRootAreTheSystems) {
  const Paths paths = resolve(0, {}).value();
  EXPECT_EQ(paths.app_file("web"), "/etc/rollctl/web.toml");
  EXPECT_EQ(paths.runtime("web"), "/run/rollctl/web");
  EXPECT_EQ(paths.lock("web"), "/run/rollctl/web/lock");
  EXPECT_EQ(paths.instance("web", 12), "/run/rollctl/web/12");
  EXPECT_EQ(paths.journal("web"), "/var/lib/rollctl/web/journal.jsonl");
  EXPECT_EQ(paths.adhoc_app_file("web"), "/var/lib/rollctl/web/app.toml");
  EXPECT_EQ(paths.generation("web", 7), "/var/lib/rollctl/web/generations/7.json");
  EXPECT_EQ(paths.log("web", 12), "/var/log/rollctl/web/12.log");
}

TEST(PathsTest, OfAUserAreBelowTheHome) {
  const Paths paths = resolve(1000, kUser).value();
  EXPECT_EQ(paths.app_file("web"), "/home/u/.config/rollctl/web.toml");
  EXPECT_EQ(paths.runtime("web"), "/run/user/7/rollctl/web");
  EXPECT_EQ(paths.journal("web"), "/home/u/.local/state/rollctl/web/journal.jsonl");
  EXPECT_EQ(paths.log("web", 12), "/home/u/.local/state/rollctl/web/log/12.log");
}

TEST(PathsTest, OfAUserFollowXdg) {
  Variables variables = kUser;
  variables["XDG_CONFIG_HOME"] = "/c";
  variables["XDG_STATE_HOME"] = "/s";
  const Paths paths = resolve(1000, variables).value();
  EXPECT_EQ(paths.config_dir, "/c/rollctl");
  EXPECT_EQ(paths.state_dir, "/s/rollctl");
}

TEST(PathsTest, OfRootDoNotFollowXdg) {
  EXPECT_EQ(resolve(0, {{"XDG_STATE_HOME", "/s"}, {"HOME", "/root"}})->state_dir, "/var/lib/rollctl");
}

TEST(PathsTest, AreOverriddenOneByOne) {
  for (const uid_t uid : {0u, 1000u}) {
    Variables variables = kUser;
    variables["ROLLCTL_CONFIG_DIR"] = "/a";
    variables["ROLLCTL_RUNTIME_DIR"] = "/b";
    variables["ROLLCTL_STATE_DIR"] = "/c";
    variables["ROLLCTL_LOG_DIR"] = "/d";
    variables["ROLLCTL_LIBEXEC_DIR"] = "/e";
    const Paths paths = resolve(uid, variables).value();
    EXPECT_EQ(paths.app_file("web"), "/a/web.toml");
    EXPECT_EQ(paths.runtime("web"), "/b/web");
    EXPECT_EQ(paths.state("web"), "/c/web");
    EXPECT_EQ(paths.logs("web"), "/d/web");
    EXPECT_EQ(paths.shim_program(), "/e/roll-shim");
  }
}

TEST(PathsTest, DoNotDependOnWhereTheyAreUsed) {
  const Paths paths = resolve(0, {{"ROLLCTL_STATE_DIR", "state/../kept"}}).value();
  EXPECT_EQ(paths.state_dir.front(), '/');
  EXPECT_TRUE(paths.state_dir.ends_with("/kept"));
}

TEST(PathsTest, OfAUserWithoutASessionAreRefused) {
  const auto paths = resolve(1000, {{"HOME", "/home/u"}});
  ASSERT_FALSE(paths);
  EXPECT_EQ(paths.error().kind, ErrorKind::NotPermitted);
  EXPECT_NE(paths.error().hint.find("ROLLCTL_RUNTIME_DIR"), std::string::npos);
  EXPECT_TRUE(resolve(1000, {{"HOME", "/home/u"}, {"ROLLCTL_RUNTIME_DIR", "/r"}}));
}

TEST(PathsTest, OfAUserWithoutAHomeNeverEndUpInTheWorkingFolder) {
  const auto paths = resolve(1000, {{"XDG_RUNTIME_DIR", "/run/user/7"}});
  ASSERT_FALSE(paths);
  EXPECT_EQ(paths.error().kind, ErrorKind::NotPermitted);
  EXPECT_TRUE(
      resolve(1000, {{"XDG_RUNTIME_DIR", "/r"}, {"XDG_CONFIG_HOME", "/c"}, {"ROLLCTL_STATE_DIR", "/s"}}));
}

TEST(PathsTest, TheLibrariesHaveAFolderOfTheirOwnWhereTheyAreInstalled) {
  EXPECT_EQ(resolve(0, {{"ROLLCTL_LIBEXEC_DIR", "/opt/roll"}})->preload_library(),
            "/opt/roll/libroll-preload.so");
  const std::string installed =
      resolve(0, {{"ROLLCTL_LIBEXEC_DIR", "/usr/libexec/rollctl"}})->preload_library();
  EXPECT_EQ(installed.substr(0, 9), "/usr/lib/");
  EXPECT_TRUE(installed.ends_with("/rollctl/libroll-preload.so")) << installed;
  const std::string tls = resolve(0, {{"ROLLCTL_LIBEXEC_DIR", "/usr/libexec/rollctl"}})->tls_library();
  EXPECT_EQ(tls.substr(0, 9), "/usr/lib/");
  EXPECT_TRUE(tls.ends_with("/rollctl/libroll-tls.so")) << tls;
}

}  // namespace
}  // namespace rollctl
