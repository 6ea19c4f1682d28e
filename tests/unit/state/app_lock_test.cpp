// SPDX-License-Identifier: MIT
#include "state/app_lock.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_dir.h"

namespace rollctl {
namespace {

class AppLockTest : public test::TempDirTest {
 protected:
  LockHolder self() const {
    LockHolder holder;
    holder.process = ProcessRef::self()->id();
    holder.user = "alice";
    holder.command = "deploy web v2";
    holder.since = parse_time("2026-01-31T12:00:00.000Z").value();
    return holder;
  }
  std::string lock_ = path("lock");
};

TEST_F(AppLockTest, NamesItsHolderToWhoeverComesLater) {
  const auto lock = lock_app(lock_, self());
  ASSERT_TRUE(lock);
  const auto second = lock_app(lock_, self());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::Busy);
  EXPECT_EQ(second.error().message, "the app is being changed by `rollctl deploy web v2` (pid " +
                                        std::to_string(self().process.pid) +
                                        ", user alice, since 2026-01-31T12:00:00.000Z)");
  EXPECT_NE(second.error().hint, "");
}

TEST_F(AppLockTest, IsTakenOverFromAHolderThatHasGone) {
  {
    ASSERT_TRUE(lock_app(lock_, self()));
  }
  LockHolder next = self();
  next.command = "stop web";
  const auto lock = lock_app(lock_, next);
  ASSERT_TRUE(lock);
  EXPECT_EQ((*lock_holder(lock_))->command, "stop web");
}

TEST_F(AppLockTest, SurvivesATextOfAnyKind) {
  for (const char* text : {"", "{", "3", R"({"pid":"x","command":3,"user":null})", "\xff\xfe"}) {
    std::ofstream(lock_, std::ios::trunc) << text;
    EXPECT_EQ(*lock_holder(lock_), std::nullopt) << text;
    auto lock = FileLock::try_acquire(lock_);
    ASSERT_TRUE(lock && *lock);
    const auto busy = lock_app(lock_, self(), Millis(2));
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().message, "the app is being changed by another rollctl");
  }
}

TEST_F(AppLockTest, OfOneThatLeavesIsWaitedFor) {
  auto lock = std::make_optional(lock_app(lock_, self()).value());
  ASSERT_TRUE(describe_leaving(*lock, self()));
  EXPECT_EQ(*lock_holder(lock_), std::nullopt);
  int looks = 0;
  const auto next = lock_app(lock_, self(), Millis(60'000), [&](Millis) {
    if (++looks == 3) lock.reset();
  });
  EXPECT_TRUE(next) << next.error().message;
  EXPECT_EQ(looks, 3);
}

TEST_F(AppLockTest, OfOneWhoseChangeMayJustHaveEndedIsWaitedForAMoment) {
  auto lock = std::make_optional(lock_app(lock_, self()).value());
  int looks = 0;
  EXPECT_TRUE(lock_app(lock_, self(), Millis(60'000), [&](Millis) {
    if (++looks == 2) lock.reset();
  }));
  lock.emplace(lock_app(lock_, self()).value());
  ASSERT_TRUE(describe_attending(*lock, self()));
  EXPECT_FALSE(
      lock_app(lock_, self(), Millis(60'000), [&](Millis) { ADD_FAILURE() << "it stays for long"; }));
}

TEST_F(AppLockTest, HasNoHolderWhoseProcessHasGone) {
  LockHolder gone = self();
  gone.process.start_ticks -= 1;
  {
    ASSERT_TRUE(lock_app(lock_, gone));
  }
  EXPECT_EQ(*lock_holder(lock_), std::nullopt);
}

TEST_F(AppLockTest, HasNoHolderWhereThereIsNoFile) {
  EXPECT_EQ(*lock_holder(lock_), std::nullopt);
  EXPECT_NE(access(lock_.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace rollctl
