// SPDX-License-Identifier: MIT
#include "doctor/host_check.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "doctor/orphan_trial.h"

namespace rollctl {
namespace {

using namespace std::chrono_literals;

void expect_no_child() {
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(HostCheckTest, TellsWhatTheChildFound) {
  const HostCheck check = check_apart("files", 10s, [] {
    return HostCheck{"files", HostCheck::Outcome::Fails, "few", "more", HostCheck::Need::Always};
  });
  EXPECT_EQ(check.name, "files");
  EXPECT_EQ(check.outcome, HostCheck::Outcome::Fails);
  EXPECT_EQ(check.message, "few");
  EXPECT_EQ(check.hint, "more");
  EXPECT_EQ(check.need, HostCheck::Need::Always);
  expect_no_child();
}

TEST(HostCheckTest, DoesNothingToTheCaller) {
  const std::string before = std::filesystem::current_path();
  check_apart("files", 10s, [] {
    EXPECT_EQ(::chdir("/"), 0);
    return make_check("files", "changed");
  });
  EXPECT_EQ(std::filesystem::current_path(), before);
}

TEST(HostCheckTest, KillsWhatHangsAndSaysThatItWasNotTried) {
  const auto begin = std::chrono::steady_clock::now();
  const HostCheck check = check_apart("hangs", 20ms, []() -> HostCheck {
    for (;;) ::pause();
  });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  EXPECT_EQ(check.name, "hangs");
  EXPECT_EQ(check.outcome, HostCheck::Outcome::Untried);
  EXPECT_FALSE(check.tried());
  EXPECT_EQ(check.message, "this check took longer than 20 ms");
  expect_no_child();
}

TEST(HostCheckTest, OutlivesAChildThatDies) {
  const HostCheck check = check_apart("dies", 10s, []() -> HostCheck {
    ::raise(SIGKILL);
    return {};
  });
  EXPECT_EQ(check.outcome, HostCheck::Outcome::Untried);
  EXPECT_EQ(check.message, "the process of this check died");
  expect_no_child();
}

// Runs the trial below a process that takes all orphans.
HostCheck::Outcome orphans_below(bool waits) {
  const pid_t taker = ::fork();
  if (taker == 0) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (waits) ::signal(SIGCHLD, SIG_IGN);
    const HostCheck check = try_orphans(10s);
    ::_exit(static_cast<int>(check.outcome));
  }
  int status = 0;
  EXPECT_EQ(::waitpid(taker, &status, 0), taker);
  EXPECT_TRUE(WIFEXITED(status));
  return static_cast<HostCheck::Outcome>(WEXITSTATUS(status));
}

TEST(OrphanTrialTest, TellsWhetherSomebodyWaitsForOrphans) {
  EXPECT_EQ(orphans_below(false), HostCheck::Outcome::Fails);
  EXPECT_EQ(orphans_below(true), HostCheck::Outcome::Works);
}

}  // namespace
}  // namespace rollctl
