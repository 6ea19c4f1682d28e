// SPDX-License-Identifier: MIT
#include "base/caller.h"

#include <gtest/gtest.h>

namespace rollctl::test {
namespace {

constexpr const char* kNobodyLoggedIn = "4294967295";
constexpr const char* kWithoutTerminal = "12 (rollctl) S 1 12 12 0 -1 4194560 1 0\n";

std::string name(uid_t uid) {
  return "user" + std::to_string(uid);
}

TEST(CallerTest, IsTheUserWhoLoggedIn) {
  EXPECT_EQ(caller_of({"1000\n", kWithoutTerminal, "", "bob", 0}, name).user, "user1000");
}

TEST(CallerTest, WithoutALoginIsTheCallerOfSudo) {
  EXPECT_EQ(caller_of({kNobodyLoggedIn, kWithoutTerminal, "", "bob", 0}, name).user, "bob");
  EXPECT_EQ(caller_of({"", kWithoutTerminal, "", "bob", 0}, name).user, "bob");
}

// Anybody can set the variable, but root has it from sudo.
TEST(CallerTest, OnlyRootIsBelievedToBeSudos) {
  EXPECT_EQ(caller_of({kNobodyLoggedIn, kWithoutTerminal, "", "bob", 1001}, name).user, "user1001");
}

TEST(CallerTest, NamesTheTerminal) {
  const auto via = [](unsigned device) {
    return caller_of({"", "12 (a) b) S 1 12 12 " + std::to_string(device) + " 12 0\n",
                      "0::/system.slice/cron.service\n", "", 0},
                     name)
        .via;
  };
  EXPECT_EQ(via(136U << 8 | 3), "pts/3");
  EXPECT_EQ(via(137U << 8 | 1), "pts/257");
  EXPECT_EQ(via(4U << 8 | 1), "tty1");
  EXPECT_EQ(via(4U << 8 | 65), "ttyS1");
}

TEST(CallerTest, WithoutATerminalNamesTheUnit) {
  const auto via = [](const std::string& cgroup) {
    return caller_of({"", kWithoutTerminal, cgroup, "", 0}, name).via;
  };
  EXPECT_EQ(via("0::/system.slice/system-rollctl.slice/rollctl@web.service\n"), "rollctl@web.service");
  EXPECT_EQ(via("12:pids:/x.service\n0::/system.slice/ci.service/step\n"), "ci.service");
  EXPECT_EQ(via("0::/user.slice/user-0.slice/session-3.scope\n"), "session-3.scope");
  EXPECT_EQ(via("0::/\n"), "");
  EXPECT_EQ(via(""), "");
}

TEST(CallerTest, OfThisProcessHasAName) {
  EXPECT_FALSE(find_caller().user.empty());
}

}  // namespace
}  // namespace rollctl::test
