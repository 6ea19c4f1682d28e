// SPDX-License-Identifier: MIT
#include "base/command.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <csignal>

#include "base/process_ref.h"

namespace rollctl {
namespace {

using testing::HasSubstr;

constexpr Millis kLong{30'000};

std::vector<std::string> shell(const std::string& script) {
  return {"sh", "-c", script};
}

TEST(CommandTest, TellsWhatItPrintsAndHowItEnded) {
  const auto ran = run_command(shell("echo out; echo err >&2; exit 3"), Command::Stderr::Together, kLong);
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->text, "out\nerr\n");
  EXPECT_EQ(ran->status, 3);
}

TEST(CommandTest, TheErrorsMayBeLeftOut) {
  const auto ran = run_command(shell("echo out; echo err >&2"), Command::Stderr::Discarded, kLong);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->text, "out\n");
  EXPECT_EQ(ran->status, 0);
}

TEST(CommandTest, TellsTheSignalThatEndedIt) {
  const auto ran = run_command(shell("kill -KILL $$"), Command::Stderr::Together, kLong);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->status, 128 + SIGKILL);
}

TEST(CommandTest, ReadsNothingOfOurInput) {
  const auto ran = run_command({"cat"}, Command::Stderr::Together, kLong);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->text, "");
}

TEST(CommandTest, HasASessionOfItsOwn) {
  const auto ran =
      run_command(shell("cut -d' ' -f1,6 /proc/self/stat; echo $$"), Command::Stderr::Together, kLong);
  ASSERT_TRUE(ran);
  const std::string shell_pid = ran->text.substr(ran->text.find('\n') + 1);
  EXPECT_THAT(ran->text, HasSubstr(" " + shell_pid)) << "the shell leads it";
}

TEST(CommandTest, NamesTheProgramThatIsMissing) {
  const auto ran = run_command({"no-such-program"}, Command::Stderr::Together, kLong);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(ran.error().message, HasSubstr("cannot run no-such-program"));
}

TEST(CommandTest, IsNotWaitedForForEver) {
  const auto ran = run_command({"sleep", "100"}, Command::Stderr::Together, Millis(20));
  ASSERT_FALSE(ran);
  EXPECT_THAT(ran.error().message, HasSubstr("sleep did not answer in time"));
}

TEST(CommandTest, IsNotWaitedForForEverWhenItNeverStopsPrinting) {
  const auto ran =
      run_command(shell("for i in 1 2 3; do yes & done; exec yes"), Command::Stderr::Together, Millis(200));
  ASSERT_FALSE(ran);
}

TEST(CommandTest, IsNotWaitedForForEverWhenItHasClosedItsOutputAndGoesOn) {
  const auto ran = run_command(shell("exec >&- 2>&-; exec sleep 100"), Command::Stderr::Together, Millis(50));
  ASSERT_FALSE(ran);
  EXPECT_THAT(ran.error().message, HasSubstr("sh closed its output but did not exit in time"));
}

TEST(CommandTest, IsOfAProcessGroupOfItsOwnAndEndsWithTheObject) {
  std::optional<ProcessRef> process;
  {
    auto command = Command::start(shell("echo $$; exec sleep 100"), Command::Stderr::Together);
    ASSERT_TRUE(command);
    pollfd readable{command->output(), POLLIN, 0};
    ASSERT_EQ(::poll(&readable, 1, -1), 1);
    char text[32] = {};
    ASSERT_GT(::read(command->output(), text, sizeof text - 1), 0);
    const pid_t pid = std::stoi(text);
    EXPECT_EQ(::getpgid(pid), pid);
    auto opened = ProcessRef::open(pid);
    ASSERT_TRUE(opened);
    process = std::move(*opened);
  }
  EXPECT_TRUE(process->has_exited());
}

}  // namespace
}  // namespace rollctl
