// SPDX-License-Identifier: MIT
// Root reads the file for the server: no user may make it reveal a file that the user could not read.
#include "config/env_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/fd.h"
#include "support/temp_dir.h"

namespace rollctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr uid_t kWeb = 65'533;    // the server's user
constexpr uid_t kOther = 65'532;  // another app's user

class EnvFileOwnerTest : public test::TempDirTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: to give files to others";
    ASSERT_EQ(::chmod(dir_.c_str(), 0755), 0);
    make("his", kWeb, 0755);
    make("etc", 0, 0755);
    put("etc/other.env", kOther, 0600);
    put("etc/root.env", 0, 0600);
  }
  void make(const std::string& name, uid_t owner, mode_t mode) const {
    ASSERT_EQ(::mkdir(path(name).c_str(), 0700), 0);
    ASSERT_EQ(::chown(path(name).c_str(), owner, owner), 0);
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }
  void put(const std::string& name, uid_t owner, mode_t mode) const {
    std::ofstream(path(name)) << "A=1\n";
    ASSERT_EQ(::chown(path(name).c_str(), owner, owner), 0);
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }
  void link(const std::string& target, const std::string& name, uid_t owner) const {
    ASSERT_EQ(::symlink(target.c_str(), path(name).c_str()), 0);
    ASSERT_EQ(::lchown(path(name).c_str(), owner, owner), 0);
  }
  // The error, or empty on success.
  [[nodiscard]] std::string refusal(const std::string& name) const {
    const auto text = read_env_file(path(name));
    if (text) return "";
    EXPECT_EQ(text.error().kind, ErrorKind::Invalid) << text.error().message;
    return text.error().message;
  }
};

TEST_F(EnvFileOwnerTest, OfRootIsGiven) {
  EXPECT_EQ(refusal("etc/root.env"), "");
  EXPECT_EQ(refusal("etc/other.env"), "") << "by a path that root alone has made";
}

TEST_F(EnvFileOwnerTest, OfTheServersUserIsGiven) {
  put("his/env", kWeb, 0600);
  EXPECT_EQ(refusal("his/env"), "");
}

TEST_F(EnvFileOwnerTest, OfTheUserWhoDeploysIsGivenThoughTheServerIsAnothers) {
  make("releases", kOther, 0755);
  make("releases/42", kOther, 0700);
  put("releases/42/env", kOther, 0600);
  link("releases/42", "current", kOther);
  EXPECT_EQ(refusal("current/env"), "");
  link("42", "releases/current", kOther);
  EXPECT_EQ(refusal("releases/current/env"), "");
}

TEST_F(EnvFileOwnerTest, ThatEverybodyMayReadIsGivenByAnyLink) {
  put("etc/open.env", 0, 0644);
  link(path("etc/open.env"), "his/env", kWeb);
  EXPECT_EQ(refusal("his/env"), "");
}

TEST_F(EnvFileOwnerTest, OfAGroupIsGivenByItsFolder) {
  make("team", kOther, 0);
  ASSERT_EQ(::chmod(path("team").c_str(), 02775), 0);
  put("team/env", kOther, 0600);
  EXPECT_EQ(refusal("team/env"), "");
}

TEST_F(EnvFileOwnerTest, OfAnotherIsNotHandedOutByALink) {
  for (const char* secret : {"etc/other.env", "etc/root.env"}) {
    link(path(secret), "his/env", kWeb);
    EXPECT_THAT(refusal("his/env"),
                AllOf(HasSubstr("to the server: "), HasSubstr("user 65533"), HasSubstr(path("his"))))
        << secret;
    ASSERT_EQ(::unlink(path("his/env").c_str()), 0);
  }
}

TEST_F(EnvFileOwnerTest, OfAnotherIsNotHandedOutByALinkOnTheWay) {
  link(path("etc"), "his/folder", kWeb);
  EXPECT_THAT(refusal("his/folder/root.env"), HasSubstr("cannot give "));
  make("his/deep", kWeb, 0755);
  link("../../etc/root.env", "his/deep/env", kWeb);
  EXPECT_THAT(refusal("his/deep/env"), HasSubstr("cannot give "));
}

TEST_F(EnvFileOwnerTest, OfAnotherIsNotHandedOutByAHardLink) {
  ASSERT_EQ(::link(path("etc/root.env").c_str(), path("his/env").c_str()), 0);
  EXPECT_THAT(refusal("his/env"), HasSubstr("cannot give "));
  make("tmp", 0, 01777);
  ASSERT_EQ(::link(path("etc/root.env").c_str(), path("tmp/env").c_str()), 0);
  EXPECT_THAT(refusal("tmp/env"), HasSubstr("cannot give "));
}

// The file's mode allows that user to read it, but a folder does not.
TEST_F(EnvFileOwnerTest, InAFolderThatIsClosedToHimIsNotHandedOut) {
  make("closed", 0, 0700);
  put("closed/env", 0, 0644);
  link(path("closed/env"), "his/env", kWeb);
  EXPECT_THAT(refusal("his/env"), HasSubstr("cannot give "));
}

TEST_F(EnvFileOwnerTest, InAFolderOfEverybodysIsNotHandedOutWhereItIsSecret) {
  make("tmp", 0, 01777);
  link(path("etc/root.env"), "tmp/env", kWeb);
  EXPECT_THAT(refusal("tmp/env"), HasSubstr("user 65533 can replace it"));
  make("common", 0, 0777);
  put("common/env", 0, 0600);
  EXPECT_THAT(refusal("common/env"), HasSubstr("everybody can replace it"));
}

TEST_F(EnvFileOwnerTest, ThatIsNoRegularFileHoldsNobodyUp) {
  ASSERT_EQ(::mkfifo(path("his/fifo").c_str(), 0666), 0);
  EXPECT_THAT(refusal("his/fifo"), HasSubstr("is a FIFO, not a regular file"));
  link("/dev/zero", "his/device", kWeb);
  EXPECT_THAT(refusal("his/device"), HasSubstr("is a device"));
  EXPECT_THAT(refusal("his"), HasSubstr("is a folder"));
  EXPECT_THAT(refusal("his/none"), HasSubstr("No such file or directory"));
  link("loop", "his/loop", kWeb);
  EXPECT_THAT(refusal("his/loop"), HasSubstr("Too many levels of symbolic links"));
}

TEST_F(EnvFileOwnerTest, WithALeaseOnItHoldsNobodyUp) {
  put("his/env", kWeb, 0666);
  ::signal(SIGIO, SIG_IGN);
  const Fd holder(::open(path("his/env").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::fcntl(holder.get(), F_SETLEASE, F_WRLCK), 0);
  EXPECT_THAT(refusal("his/env"), HasSubstr("cannot open"));
  ASSERT_EQ(::fcntl(holder.get(), F_SETLEASE, F_UNLCK), 0);
  EXPECT_EQ(refusal("his/env"), "");
}

}  // namespace
}  // namespace rollctl
