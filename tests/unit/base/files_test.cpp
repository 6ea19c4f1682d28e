// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/atomic_file.h"
#include "base/fd.h"
#include "base/file_lock.h"
#include "support/full_disk.h"
#include "support/temp_dir.h"

namespace rollctl {
namespace {

using test::TempDirTest;

class FilesTest : public TempDirTest {
 protected:
  void put(const std::string& name, const std::string& text) { std::ofstream(path(name)) << text; }
  std::string text_of(const std::string& name) { return read_file(path(name)).value_or("(unreadable)"); }
};

TEST_F(FilesTest, AreReplacedWholeWithTheirMode) {
  put("file", "old");
  ASSERT_TRUE(write_file_atomically(path("file"), "new", 0640, Durability::Synced));
  EXPECT_EQ(text_of("file"), "new");
  struct stat info{};
  ASSERT_EQ(stat(path("file").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST_F(FilesTest, StayAsTheyWereWhenTheyCannotBeReplaced) {
  ASSERT_EQ(mkdir(path("file.new").c_str(), 0700), 0);  // the path of the draft
  put("file", "old");
  EXPECT_FALSE(write_file_atomically(path("file"), "new", 0600));
  EXPECT_EQ(text_of("file"), "old");
}

TEST_F(FilesTest, LeaveNoDraftBehind) {
  ASSERT_EQ(mkdir(path("file").c_str(), 0700), 0);  // rename(2) cannot replace a folder
  EXPECT_FALSE(write_file_atomically(path("file"), "new", 0600));
  EXPECT_NE(access(path("file.new").c_str(), F_OK), 0);
}

TEST_F(FilesTest, ThatAreMissingAreNotFound) {
  const auto text = read_file(path("none"));
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::NotFound);
  EXPECT_EQ(text.error().message, "cannot open " + path("none") + ": No such file or directory");
}

TEST_F(FilesTest, AreReadUpToALimit) {
  put("file", "12345");
  EXPECT_TRUE(read_file(path("file"), 5));
  EXPECT_EQ(read_file(path("file"), 4).error().kind, ErrorKind::Invalid);
}

TEST_F(FilesTest, GrowByWholeLines) {
  ASSERT_TRUE(append_line(path("log"), "one"));
  ASSERT_TRUE(append_line(path("log"), "two"));
  EXPECT_EQ(text_of("log"), "one\ntwo\n");
  struct stat info{};
  ASSERT_EQ(stat(path("log").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(FilesTest, KeepATornLineApart) {
  put("log", "one\ntw");
  ASSERT_TRUE(append_line(path("log"), "three"));
  EXPECT_EQ(text_of("log"), "one\ntw\nthree\n");
}

TEST_F(FilesTest, ThatCannotBeWrittenSaySo) {
  const test::FullDisk disk;
  const Status full = append_line(path("log"), "line");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().message, path("log") + ": cannot write: File too large");
}

TEST_F(FilesTest, AreNotWrittenThroughALink) {
  put("elsewhere", "");
  ASSERT_EQ(symlink(path("elsewhere").c_str(), path("log").c_str()), 0);
  EXPECT_FALSE(append_line(path("log"), "line"));
  EXPECT_EQ(text_of("elsewhere"), "");
}

TEST_F(FilesTest, FoldersAreMadeWithTheirParents) {
  ASSERT_TRUE(make_directories(path("a/b/c"), 0700));
  ASSERT_TRUE(make_directories(path("a/b/c"), 0700));
  ASSERT_TRUE(make_directories(path("a/d/"), 0700));
  struct stat info{};
  ASSERT_EQ(stat(path("a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(FilesTest, FoldersAreNotMadeOverFiles) {
  put("file", "");
  EXPECT_EQ(make_directories(path("file"), 0700).error().os_error, ENOTDIR);
  EXPECT_EQ(make_directories(path("file/below"), 0700).error().os_error, ENOTDIR);
}

class FileLockTest : public TempDirTest {};

TEST_F(FileLockTest, IsHeldByOne) {
  auto first = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(first && *first);
  const auto second = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
}

TEST_F(FileLockTest, IsFreeWhenItsHolderHasGoneThoughTheFileStays) {
  {
    const auto gone = FileLock::try_acquire(path("lock"));
  }
  EXPECT_EQ(access(path("lock").c_str(), F_OK), 0);
  const auto next = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(next);
  EXPECT_TRUE(*next);
}

TEST_F(FileLockTest, TellsWhoHoldsIt) {
  EXPECT_EQ(*FileLock::read_holder(path("lock")), "");
  auto lock = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(lock && *lock);
  ASSERT_TRUE((*lock)->describe_holder("somebody with a long name"));
  ASSERT_TRUE((*lock)->describe_holder("me"));
  EXPECT_EQ(*FileLock::read_holder(path("lock")), "me");
}

TEST_F(FileLockTest, OnARemovedFileKeepsNobodyOut) {
  const auto removed = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(removed && *removed);
  ASSERT_EQ(unlink(path("lock").c_str()), 0);
  const auto next = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(next && *next);
  const auto third = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(third);
  EXPECT_FALSE(*third);
}

// Holders remove the file before they release it, while others have just opened it.
TEST_F(FileLockTest, IsHeldByOneThoughItsFileIsRemovedAgainAndAgain) {
  constexpr int kRounds = 2000;
  std::atomic<int> holders{0};
  std::atomic<int> most{0};
  const auto contend = [&] {
    for (int round = 0; round < kRounds; ++round) {
      const auto lock = FileLock::try_acquire(path("lock"));
      if (!lock || !*lock) continue;
      most = std::max(most.load(), ++holders);
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(10);
      while (std::chrono::steady_clock::now() < until) most = std::max(most.load(), holders.load());
      --holders;
      unlink(path("lock").c_str());
    }
  };
  std::thread other(contend);
  contend();
  other.join();
  EXPECT_EQ(most, 1);
}

TEST_F(FileLockTest, SaysWhereItCannotBeTaken) {
  const auto lock = FileLock::try_acquire(path("no/such/folder"));
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().kind, ErrorKind::NotFound);
}

TEST(FdTest, ClosesWhatItOwnsOnce) {
  auto pipe = make_pipe().value();
  const int number = pipe.read.get();
  Fd moved(std::move(pipe.read));
  EXPECT_FALSE(pipe.read);  // NOLINT(bugprone-use-after-move): the state after the move is tested
  EXPECT_EQ(moved.get(), number);
  moved = Fd();
  EXPECT_EQ(fcntl(number, F_GETFD), -1);
}

TEST(FdTest, ReleasesWithoutClosing) {
  auto pipe = make_pipe().value();
  const int number = pipe.read.release();
  EXPECT_NE(fcntl(number, F_GETFD), -1);
  const Fd again(number);
}

TEST(FdTest, DoesNotLeakIntoPrograms) {
  const auto pipe = make_pipe().value();
  EXPECT_EQ(fcntl(pipe.read.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(duplicate(pipe.write.get()).value().get(), F_GETFD), FD_CLOEXEC);
}

TEST(FdTest, BlocksOnlyWhenAsked) {
  EXPECT_EQ(fcntl(make_pipe().value().read.get(), F_GETFL) & O_NONBLOCK, 0);
  auto pipe = make_pipe(Blocking::No).value();
  EXPECT_NE(fcntl(pipe.read.get(), F_GETFL) & O_NONBLOCK, 0);
  auto later = make_pipe().value();
  ASSERT_TRUE(set_nonblocking(later.read.get()));
  EXPECT_NE(fcntl(later.read.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(FdTest, CarriesTextToItsEnd) {
  auto pipe = make_pipe().value();
  ASSERT_TRUE(write_all(pipe.write.get(), "hello"));
  pipe.write.reset();
  EXPECT_EQ(read_all(pipe.read.get(), 5).value(), "hello");
}

TEST(FdTest, SaysWhenItIsNone) {
  EXPECT_EQ(write_all(-1, "x").error().os_error, EBADF);
  EXPECT_EQ(duplicate(-1).error().os_error, EBADF);
}

}  // namespace
}  // namespace rollctl
