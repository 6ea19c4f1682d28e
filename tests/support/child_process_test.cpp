// SPDX-License-Identifier: MIT
#include "support/child_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fd.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;

ChildSpec shell(std::string script) {
  return ChildSpec{.argv = {"sh", "-c", std::move(script)}};
}

TEST(ChildProcessTest, TellsTheExitCodeAndBothOutputs) {
  auto result = run_child(shell("echo out; echo err >&2; exit 3"), 10s);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->exit, ChildExit::with_code(3));
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->errors, "err\n");
}

TEST(ChildProcessTest, TellsTheSignalThatKilledIt) {
  auto result = run_child(shell("kill -KILL $$"), 10s);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->exit, ChildExit::by_signal(SIGKILL));
}

TEST(ChildProcessTest, SaysThatAProgramIsMissing) {
  auto child = ChildProcess::spawn({.argv = {"/nowhere/program"}});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().os_error, ENOENT);
}

TEST(ChildProcessTest, ReportsAChildThatDoesNotExitInTime) {
  auto child = ChildProcess::spawn(shell("echo here; exec sleep 600"));
  ASSERT_TRUE(child);
  ASSERT_TRUE(child->await_output("here", 10s));
  auto exit = child->wait(20ms);
  ASSERT_FALSE(exit);
  EXPECT_EQ(exit.error().kind, ErrorKind::Busy);
  EXPECT_EQ(*child->stop(SIGTERM, 10s), ChildExit::by_signal(SIGTERM));
}

TEST(ChildProcessTest, KillsTheChildWhenItGoes) {
  std::optional<ProcessRef> watched;
  {
    auto child = ChildProcess::spawn({.argv = {"sleep", "600"}});
    ASSERT_TRUE(child);
    auto opened = ProcessRef::open(child->pid());
    ASSERT_TRUE(opened);
    watched.emplace(std::move(*opened));
    EXPECT_FALSE(watched->has_exited());
  }
  EXPECT_TRUE(watched->has_exited());
}

TEST(ChildProcessTest, TalksLineByLine) {
  ChildSpec spec = shell("while read line; do echo \"got $line\"; done; echo end; printf torn");
  spec.input = Input::Pipe;
  auto child = ChildProcess::spawn(std::move(spec));
  ASSERT_TRUE(child);
  ASSERT_TRUE(child->write_input("one\ntwo\n"));
  EXPECT_EQ(*child->read_line(10s), "got one");
  EXPECT_EQ(*child->read_line(10s), "got two");
  child->close_input();
  EXPECT_EQ(*child->read_line(10s), "end");
  EXPECT_EQ(child->read_line(10s).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(*child->wait(10s), ChildExit::with_code(0));
  EXPECT_TRUE(child->output().ends_with("torn"));
}

TEST(ChildProcessTest, PassesOnlyTheDescriptorsThatItIsGiven) {
  auto first = make_pipe();
  auto second = make_pipe();
  ASSERT_TRUE(first && second);
  // Swapped on purpose: a dup2 in the wrong order would hand out one pipe twice.
  ChildSpec spec = shell("echo first >&" + std::to_string(second->write.get()) + "; echo second >&" +
                         std::to_string(first->write.get()) + "; ls /proc/self/fd | wc -l");
  spec.fds = {{first->write.get(), second->write.get()}, {second->write.get(), first->write.get()}};
  auto result = run_child(std::move(spec), 10s);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->errors, "");
  EXPECT_EQ(result->output, "6\n");  // 0, 1, 2, the two pipes, and the folder that ls reads
  first->write.reset();
  second->write.reset();
  EXPECT_EQ(*read_all(first->read.get(), 100), "first\n");
  EXPECT_EQ(*read_all(second->read.get(), 100), "second\n");
}

TEST(ChildProcessTest, PassesDescriptorsUnderAnyNumber) {
  for (int number = 3; number < 30; ++number) {
    auto first = make_pipe();
    auto second = make_pipe();
    ASSERT_TRUE(first && second);
    // The numbers may be those that the child's own copies would get.
    ChildSpec spec{
        .argv = {"bash", "-c",
                 "echo first >&" + std::to_string(number) + "; echo second >&" + std::to_string(number + 1)}};
    spec.fds = {{first->write.get(), number}, {second->write.get(), number + 1}};
    auto result = run_child(std::move(spec), 10s);
    ASSERT_TRUE(result) << result.error().message;
    first->write.reset();
    second->write.reset();
    EXPECT_EQ(*read_all(first->read.get(), 100), "first\n") << number << result->errors;
    EXPECT_EQ(*read_all(second->read.get(), 100), "second\n") << number << result->errors;
  }
}

TEST(ChildProcessTest, KeepsADescriptorThatSomebodyForgotToCloseFromTheChild) {
  Fd forgotten(dup(STDIN_FILENO));
  auto result = run_child(shell("ls /proc/self/fd | wc -l"), 10s);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "4\n");  // 0, 1, 2 and the folder that ls reads
}

TEST(ChildProcessTest, ChangesTheEnvironmentAndTheFolder) {
  ASSERT_EQ(setenv("ROLL_TEST_TAKEN_AWAY", "x", 1), 0);
  ChildSpec spec = shell("echo $ROLL_TEST_GIVEN,$ROLL_TEST_TAKEN_AWAY,$PWD");
  spec.env = {"ROLL_TEST_GIVEN=1", "ROLL_TEST_TAKEN_AWAY"};
  spec.workdir = "/usr";
  auto result = run_child(std::move(spec), 10s);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "1,,/usr\n");
}

TEST(ChildProcessTest, IsNotHeldUpByAGrandchildThatKeepsItsOutputOpen) {
  auto result = run_child(shell("sleep 600 & echo $!"), 10s);
  ASSERT_TRUE(result) << result.error().message;
  auto grandchild = ProcessRef::open(static_cast<pid_t>(std::stol(result->output)));
  ASSERT_TRUE(grandchild);
  EXPECT_TRUE(grandchild->send_signal(SIGKILL));
}

}  // namespace
}  // namespace rollctl::test
