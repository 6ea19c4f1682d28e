// SPDX-License-Identifier: MIT
// Files that are trusted because of their owner.
#include "base/own_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/file_lock.h"
#include "base/regular_file.h"
#include "support/temp_dir.h"

namespace rollctl {
namespace {

using testing::HasSubstr;

constexpr uid_t kStranger = 65'533;

class OwnFileTest : public test::TempDirTest {
 protected:
  void put(const std::string& name, mode_t mode = 0600) const {
    std::ofstream(path(name)) << "text";
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }
  void make(const std::string& name, mode_t mode) const {
    ASSERT_EQ(::mkdir(path(name).c_str(), 0700), 0);
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }
  void give(const std::string& name, uid_t owner = kStranger) const {
    ASSERT_EQ(::chown(path(name).c_str(), owner, owner), 0);
  }
  [[nodiscard]] Error refusal_of_file(const std::string& name) const {
    const auto text = read_own_file(path(name));
    return text ? Error{} : text.error();
  }
  [[nodiscard]] Error refusal_of_folder(const std::string& name) const {
    const Status own = check_own_folder(path(name));
    return own ? Error{} : own.error();
  }
};

TEST_F(OwnFileTest, IsRead) {
  put("file");
  EXPECT_EQ(read_own_file(path("file")).value(), "text");
  EXPECT_EQ(read_own_file(path("none")).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(read_own_file(path("file"), 3).error().kind, ErrorKind::Invalid);
}

TEST_F(OwnFileTest, IsNeitherALinkNorAFifoNorADevice) {
  put("file");
  ASSERT_EQ(::symlink(path("file").c_str(), path("link").c_str()), 0);
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(refusal_of_file("link").os_error, ELOOP);
  EXPECT_THAT(refusal_of_file("fifo").message, HasSubstr("is a FIFO, not a regular file"));
  EXPECT_THAT(read_own_file("/dev/zero").error().message, HasSubstr("is a device"));
  EXPECT_FALSE(FileLock::try_acquire(path("fifo")));
  EXPECT_FALSE(FileLock::read_holder(path("fifo")));
  EXPECT_FALSE(append_line(path("fifo"), "line"));
}

TEST_F(OwnFileTest, IsNotOneThatOthersMayWrite) {
  put("file", 0620);
  EXPECT_EQ(refusal_of_file("file").kind, ErrorKind::NotPermitted);
  EXPECT_THAT(refusal_of_file("file").message, HasSubstr("others may write it"));
  put("file", 0602);
  EXPECT_THAT(refusal_of_file("file").message, HasSubstr("others may write it"));
  put("file", 0644);
  EXPECT_EQ(refusal_of_file("file").message, "");
}

TEST_F(OwnFileTest, IsNotAStrangers) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: to give a file to another";
  put("file", 0666);
  give("file");
  EXPECT_EQ(refusal_of_file("file").kind, ErrorKind::NotPermitted);
  EXPECT_THAT(refusal_of_file("file").message, HasSubstr("it belongs to user 65533"));
  EXPECT_FALSE(FileLock::try_acquire(path("file")));
  EXPECT_FALSE(append_line(path("file"), "line"));
}

TEST_F(OwnFileTest, AFolderIsOnesOwn) {
  make("own", 0755);
  EXPECT_EQ(refusal_of_folder("own").message, "");
  EXPECT_EQ(check_own_folder(path("none")).error().kind, ErrorKind::NotFound);
  put("file");
  EXPECT_EQ(refusal_of_folder("file").os_error, ENOTDIR);
}

TEST_F(OwnFileTest, AFolderThatOthersMayWriteIntoIsNot) {
  make("common", 0775);
  EXPECT_EQ(refusal_of_folder("common").kind, ErrorKind::NotPermitted);
  EXPECT_EQ(refusal_of_folder("common").hint, "chmod go-w " + path("common"));
  make("sticky", 01777);
  EXPECT_EQ(refusal_of_folder("sticky").kind, ErrorKind::NotPermitted);
  EXPECT_TRUE(check_place_for_folders(path("sticky")));
}

TEST_F(OwnFileTest, AFolderThatOthersMayReplaceIsNot) {
  make("common", 0777);
  make("common/own", 0755);
  EXPECT_THAT(refusal_of_folder("common/own").message, HasSubstr("everybody can replace it"));
  EXPECT_FALSE(check_place_for_folders(path("common")));
  EXPECT_FALSE(check_place_for_folders(path("common/own")));
}

// As in /tmp, and in homes with user private groups.
TEST_F(OwnFileTest, AFolderBelowAStickyOrAGroupsOneIs) {
  make("sticky", 01777);
  make("sticky/own", 0755);
  make("groups", 0775);
  make("groups/own", 0755);
  EXPECT_EQ(refusal_of_folder("sticky/own").message, "");
  EXPECT_EQ(refusal_of_folder("groups/own").message, "");
}

TEST_F(OwnFileTest, AFolderByALinkOfOnesOwnIs) {
  make("real", 0755);
  ASSERT_EQ(::symlink("real", path("link").c_str()), 0);
  EXPECT_EQ(refusal_of_folder("link").message, "");
}

TEST_F(OwnFileTest, AStrangersFolderIsNotNorIsOneBelowIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: to give a folder to another";
  make("his", 0755);
  make("his/own", 0755);
  give("his");
  EXPECT_THAT(refusal_of_folder("his").message, HasSubstr("it belongs to user 65533"));
  EXPECT_THAT(refusal_of_folder("his/own").message,
              HasSubstr("user 65533 can replace it, through " + path("his")));
  make("sticky", 01777);
  make("sticky/his", 0755);
  give("sticky/his");
  EXPECT_THAT(refusal_of_folder("sticky/his").message, HasSubstr("it belongs to user 65533"));
}

TEST_F(OwnFileTest, RegularFilesAreOpenedWithoutWaiting) {
  put("file");
  ASSERT_EQ(::symlink("file", path("link").c_str()), 0);
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_TRUE(open_regular(path("file")));
  EXPECT_TRUE(open_regular(path("link")));
  EXPECT_EQ(open_regular(path("fifo")).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(open_regular(dir_).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(open_regular("/dev/zero").error().kind, ErrorKind::Invalid);
  EXPECT_EQ(open_regular(path("none")).error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace rollctl
