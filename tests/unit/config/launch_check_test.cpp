// SPDX-License-Identifier: MIT
#include "config/launch_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/app_file.h"
#include "config/launch.h"
#include "config/users.h"
#include "support/without_capability.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class HostTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "roll-config-XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::string write(const std::string& name, const std::string& text, mode_t mode) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  std::vector<Error> check(const std::string& text, const std::string& release = "v2") {
    auto config = parse_app_file("listen = [\":80\"]\n" + text, folder_ + "/web.toml");
    EXPECT_TRUE(config) << config.error().message;
    if (!config) return {};
    config->caller_path = "/usr/bin:/bin";
    return check_launch({"web", release, 1, *config});
  }
  std::vector<std::string> before_a_release(const std::string& text) {
    std::vector<std::string> messages;
    for (const Error& error : check(text, "")) messages.push_back(error.message);
    return messages;
  }
  Error finding(const std::string& text) {
    const auto found = check(text);
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? Error{} : found.front();
  }

  std::string folder_;
};

TEST_F(HostTest, FindsNothingWrongWithWhatIsThere) {
  write("web", "#!/bin/sh\n", 0755);
  EXPECT_TRUE(check("command = [\"./web\"]").empty());
  EXPECT_TRUE(check("command = [\"sh\", \"-c\", \"true\"]\n[hooks]\nafter_deploy = [\"true\"]").empty());
  EXPECT_TRUE(check("command = [\"./web\"]\nworkdir = \".\"").empty());
}

TEST_F(HostTest, NamesAMissingExecutable) {
  const auto error = finding("command = [\"./web-{release}\"]");
  EXPECT_EQ(error.kind, ErrorKind::Invalid);
  EXPECT_EQ(error.message,
            folder_ + "/web.toml: command: \"" + folder_ + "/web-v2\": No such file or directory");
  EXPECT_THAT(finding("command = [\"no-such-program\"]").message,
              HasSubstr("\"no-such-program\" is not in PATH"));
}

TEST_F(HostTest, NamesAProgramThatCannotBeExecuted) {
  write("web", "#!/bin/sh\n", 0644);
  EXPECT_THAT(finding("command = [\"./web\"]").message, HasSubstr("web\": Permission denied"));
  write("script", "#! /nowhere/python3 -u\n", 0755);
  EXPECT_THAT(finding("command = [\"./script\"]").message,
              HasSubstr("needs the interpreter \"/nowhere/python3\": No such file or directory"));
  EXPECT_THAT(finding("command = [\".//\"]").message, HasSubstr("Permission denied"));
}

TEST_F(HostTest, NamesAMissingWorkdir) {
  EXPECT_THAT(finding("command = [\"./web\"]\nworkdir = \"gone/{release}\"").message,
              HasSubstr("workdir: \"" + folder_ + "/gone/v2\": No such file or directory"));
  write("file", "", 0644);
  EXPECT_THAT(finding("command = [\"./web\"]\nworkdir = \"file\"").message, HasSubstr("Not a directory"));
}

TEST_F(HostTest, LooksAtProbesAndHooksToo) {
  const auto found = check(
      "command = [\"true\"]\n[ready]\nkind = \"exec\"\ncommand = [\"/nowhere/check\"]\n"
      "[hooks]\non_failure = [\"/nowhere/page\"]");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_THAT(found[0].message, HasSubstr("ready.command: \"/nowhere/check\""));
  EXPECT_THAT(found[1].message, HasSubstr("hooks.on_failure: \"/nowhere/page\""));
}

TEST_F(HostTest, SeesWhereNothingCanBePreloaded) {
  const std::string preload = "socket = \"preload\"\n";
  write("script", "#!/usr/bin/env sh\n", 0755);
  EXPECT_TRUE(check(preload + "command = [\"./script\"]").empty());
  fs::copy_file("/bin/sh", folder_ + "/setuid");
  chmod((folder_ + "/setuid").c_str(), 04755);
  write("outer", "#!" + folder_ + "/inner\n", 0755);
  write("inner", "#!" + folder_ + "/setuid\n", 0755);
  for (const char* program : {"setuid", "outer"}) {
    const auto error = finding(preload + "command = [\"./" + program + "\"]");
    EXPECT_EQ(error.kind, ErrorKind::Invalid);
    EXPECT_EQ(error.message, folder_ + "/web.toml: socket: \"preload\" has no effect: \"" + folder_ +
                                 "/setuid\" is a setuid or setgid program, which ignores LD_PRELOAD");
  }
  EXPECT_TRUE(check("command = [\"./setuid\"]").empty());
  // A probe's command does not open the port.
  EXPECT_TRUE(
      check(preload + "command = [\"sh\"]\n[ready]\nkind = \"exec\"\ncommand = [\"./setuid\"]").empty());
}

constexpr const char* kOfARelease = R"(
command = ["/srv/{release}/web", "x"]
workdir = "/srv/{release}"
env_file = "/srv/{release}/env"
[ready]
kind = "exec"
command = ["./check", "{release}"]
[hooks]
before_deploy = ["/srv/{release}/migrate"]
)";

TEST_F(HostTest, BeforeAReleaseLooksForNothingOfIt) {
  EXPECT_THAT(before_a_release(kOfARelease), IsEmpty());
  EXPECT_THAT(before_a_release("command = [\"web\"]\nenv = { PATH = \"/srv/{release}\" }"), IsEmpty());
  EXPECT_THAT(before_a_release("command = [\"web\"]\nenv_file = \"/srv/{release}/env\""), IsEmpty());
  EXPECT_THAT(before_a_release("command = [\"sh\"]\n[ready]\nkind = \"https\"\nca = \"/srv/{release}/ca\""),
              IsEmpty());
}

TEST_F(HostTest, BeforeAReleaseFindsAllThatDoesNotDependOnIt) {
  EXPECT_THAT(
      before_a_release("user = \"nobody-has-this-name\"\nenv_file = \"/nowhere/env\"\n"
                       "command = [\"/nowhere/python3\", \"/srv/{release}/web.py\"]\n"
                       "workdir = \"/nowhere\"\n[ready]\nkind = \"exec\"\n"
                       "command = [\"/nowhere/check\", \"{release}\"]\n[hooks]\n"
                       "after_shift = [\"/srv/{release}/hook\"]\non_failure = [\"/nowhere/page\"]"),
      ElementsAre(HasSubstr("unknown user"), HasSubstr("env_file: "), HasSubstr("workdir: "),
                  HasSubstr("command: \"/nowhere/python3\""), HasSubstr("ready.command: \"/nowhere/check\""),
                  HasSubstr("hooks.on_failure: \"/nowhere/page\"")));
  EXPECT_THAT(before_a_release("command = [\"web\", \"{release}\"]"),
              ElementsAre(HasSubstr("\"web\" is not in PATH")));
}

TEST_F(HostTest, BeforeAReleaseSeesWhereNothingCanBePreloaded) {
  fs::copy_file("/bin/sh", folder_ + "/setuid");
  chmod((folder_ + "/setuid").c_str(), 04755);
  EXPECT_THAT(before_a_release("socket = \"preload\"\ncommand = [\"./setuid\", \"/srv/{release}/web.sh\"]"),
              ElementsAre(HasSubstr("\"preload\" has no effect")));
}

TEST_F(HostTest, SeesWhatTheServersUserMayNotExecute) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: it asks for another user";
  chmod(folder_.c_str(), 0755);
  write("web", "#!/bin/sh\n", 0700);
  EXPECT_TRUE(check("command = [\"./web\"]").empty());
  EXPECT_THAT(finding("command = [\"./web\"]\nuser = \"nobody\"").message, HasSubstr("Permission denied"));
  chmod((folder_ + "/web").c_str(), 0755);
  EXPECT_TRUE(check("command = [\"./web\"]\nuser = \"nobody\"").empty());
  chmod(folder_.c_str(), 0700);
  EXPECT_THAT(finding("command = [\"./web\"]\nuser = \"nobody\"").message, HasSubstr("Permission denied"));
}

// A process that executes such a program is not dumpable.
TEST_F(HostTest, SeesAProgramWhoseSocketsMayNotBeLookedAt) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: it asks for another user";
  chmod(folder_.c_str(), 0755);
  const std::string path = write("web",
                                 "\x7f"
                                 "ELF",
                                 0711);
  const std::string nobody = "command = [\"./web\"]\nuser = \"nobody\"";
  EXPECT_TRUE(check(nobody).empty()) << "CAP_SYS_PTRACE suffices";
  const WithoutCapability ptrace(CAP_SYS_PTRACE);
  const Error unreadable = finding(nobody);
  EXPECT_EQ(unreadable.kind, ErrorKind::NotPermitted);
  EXPECT_THAT(unreadable.message, AllOf(HasSubstr("command: \"" + path + "\""), HasSubstr("not read")));
  EXPECT_THAT(unreadable.hint, HasSubstr("socket = \"inherit\""));
  EXPECT_TRUE(check(nobody + "\nsocket = \"inherit\"").empty());
  EXPECT_TRUE(check("command = [\"./web\"]").empty()) << "root reads it";
  chmod(path.c_str(), 04755);
  EXPECT_THAT(finding(nobody).message, HasSubstr("setuid"));
  chmod(path.c_str(), 0755);
  EXPECT_TRUE(check(nobody).empty());
  const uint32_t capabilities[] = {0x02000001, 1U << 10U, 0, 0, 0};  // cap_net_bind_service+ep
  ASSERT_EQ(setxattr(path.c_str(), "security.capability", capabilities, sizeof capabilities, 0), 0);
  EXPECT_THAT(finding(nobody).message, HasSubstr("file capabilities"));
  EXPECT_TRUE(check("command = [\"./web\"]").empty()) << "root has them anyway";
}

TEST_F(HostTest, LooksUpTheServersUser) {
  const auto self = find_server_user("", "");
  ASSERT_TRUE(self);
  EXPECT_EQ(self->uid, geteuid());
  EXPECT_FALSE(self->credentials);
  if (geteuid() != 0) {
    EXPECT_EQ(find_server_user("root", "").error().kind, ErrorKind::NotPermitted);
    return;
  }
  const auto nobody = find_server_user("nobody", "");
  ASSERT_TRUE(nobody);
  EXPECT_EQ(nobody->name, "nobody");
  ASSERT_TRUE(nobody->credentials);
  EXPECT_EQ(nobody->credentials->uid, nobody->uid);
  EXPECT_THAT(nobody->credentials->groups, testing::Contains(nobody->gid));
  const auto by_number = find_server_user(std::to_string(nobody->uid), "root");
  ASSERT_TRUE(by_number);
  EXPECT_EQ(by_number->name, "nobody");
  EXPECT_EQ(by_number->credentials->gid, 0U);
}

TEST_F(HostTest, ReadsTheEnvFile) {
  write("web.env", "A=1\nB=file\n", 0600);
  auto config = parse_app_file(
      "listen = [\":80\"]\ncommand = [\"true\"]\nenv_file = \"web.env\"\nenv = { B = \"key\" }",
      folder_ + "/web.toml");
  ASSERT_TRUE(config) << config.error().message;
  const auto launch = make_launch_spec({"web", "v2", 1, *config}, {});
  ASSERT_TRUE(launch) << launch.error().message;
  EXPECT_THAT(launch->env, testing::Contains("A=1"));
  EXPECT_THAT(launch->env, testing::Contains("B=key"));
}

constexpr const char* kGood = "command = [\"true\"]\nlisten = [\":80\"]\n";

TEST_F(HostTest, ReadsAnAppFile) {
  const auto config = read_app_file(write("web.toml", kGood, 0644));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->source, folder_ + "/web.toml");
}

TEST_F(HostTest, NamesAnAppFileThatCannotBeRead) {
  EXPECT_EQ(read_app_file(folder_ + "/none.toml").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(read_app_file(folder_).error().kind, ErrorKind::Invalid);
  ASSERT_EQ(mkfifo((folder_ + "/fifo").c_str(), 0600), 0);
  EXPECT_THAT(read_app_file(folder_ + "/fifo").error().message, HasSubstr("it is not a regular file"));
  EXPECT_EQ(read_app_file(write("big.toml", std::string(2'000'000, '#'), 0644)).error().kind,
            ErrorKind::Invalid);
}

TEST_F(HostTest, RefusesAsRootWhatOthersMayWrite) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: others are trusted by nobody else";
  const std::string path = write("web.toml", kGood, 0664);
  auto refused = read_app_file(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("other users may write it"));
  EXPECT_EQ(refused.error().hint, "chmod go-w " + path);

  chmod(path.c_str(), 0644);
  chmod(folder_.c_str(), 0777);
  refused = read_app_file(path);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("everybody may write into folder"));
  chmod(folder_.c_str(), 01777);
  EXPECT_TRUE(read_app_file(path)) << "nobody can replace a file in a sticky folder";

  ASSERT_EQ(chown(path.c_str(), 65534, 0), 0);
  unsetenv("SUDO_UID");
  EXPECT_THAT(read_app_file(path).error().message, HasSubstr("it belongs to user 65534"));
  setenv("SUDO_UID", "65534", 1);
  EXPECT_TRUE(read_app_file(path)) << "that user runs rollctl by sudo";
  unsetenv("SUDO_UID");
}

}  // namespace
}  // namespace rollctl::test
