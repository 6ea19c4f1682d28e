// SPDX-License-Identifier: MIT
// Folders that untrusted users have filled or are still filling.
#include "base/folder_removal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <thread>

#include "base/fd.h"
#include "support/temp_dir.h"

namespace rollctl {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Millis kLong{30'000};

// So deep that its path exceeds PATH_MAX.
constexpr int kDeep = 3000;

void nest(const std::string& folder, int depth) {
  Fd inner(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int level = 0; level < depth; ++level) {
    ASSERT_EQ(::mkdirat(inner.get(), "d", 0755), 0) << level;
    Fd next(::openat(inner.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Fd file(::openat(next.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    ASSERT_TRUE(next && file);
    inner = std::move(next);
  }
}

class FolderRemovalTest : public test::TempDirTest {
 protected:
  // A folder of an instance with a subfolder that belongs to the server's user.
  FolderRemovalTest() { fs::create_directories(path("7/server")); }
  void put(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  [[nodiscard]] size_t count_entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(dir_), fs::directory_iterator()));
  }
  void expect_gone() const {
    EXPECT_EQ(clear_discarded(dir_, kLong), Cleared::All);
    EXPECT_EQ(count_entries(), 0U);
  }
};

TEST_F(FolderRemovalTest, AFolderGoesWithWhatIsInIt) {
  put("7/instance.json", "{}");
  put("7/server/pid", "1");
  fs::create_directories(path("7/server/a/b"));
  ASSERT_EQ(::mkfifo(path("7/server/fifo").c_str(), 0600), 0);
  ASSERT_EQ(discard_folder(path("7")).value(), Discarded::Aside);
  EXPECT_FALSE(fs::exists(path("7")));
  expect_gone();
}

TEST_F(FolderRemovalTest, AnEmptyFolderGoesAtOnceAndAMissingOneIsFine) {
  fs::remove(path("7/server"));
  EXPECT_EQ(discard_folder(path("7")).value(), Discarded::Removed);
  EXPECT_EQ(discard_folder(path("7")).value(), Discarded::Removed);
  EXPECT_EQ(discard_folder(path("no/such")).value(), Discarded::Removed);
  EXPECT_EQ(count_entries(), 0U);
}

TEST_F(FolderRemovalTest, OfManyWithOneNameEachIsKeptApart) {
  for (int round = 0; round < 3; ++round) {
    fs::create_directories(path("7/server"));
    ASSERT_TRUE(discard_folder(path("7")));
  }
  EXPECT_EQ(count_entries(), 3U);
  expect_gone();
}

TEST_F(FolderRemovalTest, TheDepthOfItsFoldersCostsNeitherDescriptorsNorTheStack) {
  nest(path("7/server"), kDeep);
  ASSERT_EQ(discard_folder(path("7")).value(), Discarded::Aside);
  EXPECT_FALSE(fs::exists(path("7")));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  const Fd highest(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  few.rlim_cur = static_cast<rlim_t>(highest.get()) + 10;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_EQ(clear_discarded(dir_, kLong), Cleared::All);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  expect_gone();
}

TEST_F(FolderRemovalTest, WhatLinksLeadToStays) {
  fs::create_directories(path("outside"));
  put("outside/file", "kept");
  fs::create_directory_symlink(path("outside"), path("7/server/link"));
  fs::create_symlink(path("outside/file"), path("7/server/file"));
  ASSERT_TRUE(discard_folder(path("7")));
  EXPECT_EQ(clear_discarded(dir_, kLong), Cleared::All);
  EXPECT_TRUE(fs::exists(path("outside/file")));
  EXPECT_EQ(count_entries(), 1U);
}

// While another process keeps creating folders, the place is free and no call exceeds its patience.
TEST_F(FolderRemovalTest, WhoGoesOnMakingEntriesHoldsNobodyUp) {
  const Fd his(::open(path("7/server").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::atomic<bool> stopping{false};
  std::atomic<int> made{0};
  std::thread maker([&] {
    for (int number = 0; !stopping; ++number) {
      const std::string name = "d" + std::to_string(number % 500);
      if (::mkdirat(his.get(), name.c_str(), 0755) != 0) continue;
      (void)::mkdirat(his.get(), (name + "/inner").c_str(), 0755);
      ++made;
    }
  });
  while (made < 100) std::this_thread::yield();
  EXPECT_EQ(discard_folder(path("7")).value(), Discarded::Aside);
  EXPECT_FALSE(fs::exists(path("7")));
  const auto began = std::chrono::steady_clock::now();
  (void)clear_discarded(dir_, 50ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, kLong / 2);
  stopping = true;
  maker.join();
  expect_gone();
}

// Folders of one user do not prevent the removal of another's.
TEST_F(FolderRemovalTest, EachHasItsShareOfTheTime) {
  nest(path("7/server"), 300);
  fs::create_directories(path("8/server"));
  for (const char* name : {"7", "8"}) ASSERT_TRUE(discard_folder(path(name)));
  for (int rounds = 0; clear_discarded(dir_, 5ms) == Cleared::InPart; ++rounds) ASSERT_LT(rounds, 10'000);
  EXPECT_EQ(count_entries(), 0U);
}

TEST_F(FolderRemovalTest, OthersFoldersAreLeftAlone) {
  fs::create_directories(path("8/server"));
  put("lock", "");
  ASSERT_TRUE(discard_folder(path("7")));
  EXPECT_EQ(clear_discarded(dir_, kLong), Cleared::All);
  EXPECT_TRUE(fs::exists(path("8/server")));
  EXPECT_TRUE(fs::exists(path("lock")));
}

// Runs in a private mount namespace or as another user.
void in_a_thread(const std::function<void()>& act) {
  std::thread(act).join();
}

TEST_F(FolderRemovalTest, AMountPointIsNotEntered) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: others may not mount";
  fs::create_directories(path("elsewhere"));
  put("elsewhere/file", "kept");
  fs::create_directories(path("7/server/mount"));
  in_a_thread([&] {
    ASSERT_EQ(::unshare(CLONE_FS | CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("other", path("7/server/mount").c_str(), "tmpfs", 0, nullptr), 0);
    const Fd inside(::open(path("7/server/mount/file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    ASSERT_TRUE(discard_folder(path("7")));
    EXPECT_FALSE(fs::exists(path("7")));
    EXPECT_EQ(clear_discarded(dir_, kLong), Cleared::InPart);
    struct stat info{};
    ASSERT_EQ(::fstat(inside.get(), &info), 0);
    EXPECT_EQ(info.st_nlink, 1U) << "removed in another file system";
  });
  fs::remove_all(path("elsewhere"));
  expect_gone();
}

TEST_F(FolderRemovalTest, AUsersOwnFoldersGoThoughTheyDenyHim) {
  constexpr uid_t kNobodysId = 65'534;
  const bool is_root = ::geteuid() == 0;
  fs::create_directories(path("7/server/a/b/c"));
  for (const char* name : {"", "7", "7/server", "7/server/a", "7/server/a/b", "7/server/a/b/c"})
    ASSERT_TRUE(!is_root || ::chown(path(name).c_str(), kNobodysId, kNobodysId) == 0);
  for (const char* name : {"7/server/a/b", "7/server/a"}) ASSERT_EQ(::chmod(path(name).c_str(), 0), 0);
  in_a_thread([&] {
    // Only for this thread, unlike setresuid(3).
    ASSERT_TRUE(!is_root || ::syscall(SYS_setresuid, kNobodysId, kNobodysId, kNobodysId) == 0);
    ASSERT_EQ(discard_folder(path("7")).value(), Discarded::Aside);
    EXPECT_EQ(clear_discarded(dir_, kLong), Cleared::All);
  });
  EXPECT_EQ(count_entries(), 0U);
}

}  // namespace
}  // namespace rollctl
