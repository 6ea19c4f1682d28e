// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/process_ref.h"
#include "os/probe/probe_fixture.h"
#include "support/early_stopper.h"

namespace rollctl::test {
namespace {

class ExecProbeTest : public ProbeTest {
 protected:
  ProbeSpec shell(std::string script) {
    return {.kind = ProbeKind::Exec,
            .command = {"sh", "-c", std::move(script)},
            .env = {"PATH=/usr/bin:/bin", "ROLL_APP=web"},
            .timeout = 10s};
  }
  void TearDown() override {
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    EXPECT_EQ(errno, ECHILD);
  }
};

TEST_F(ExecProbeTest, IsReadyWhenTheCommandExitsWithZero) {
  EXPECT_READY(ask(shell("exit 0")));
}

TEST_F(ExecProbeTest, TellsTheExitStatusAndWhatTheCommandSaid) {
  const auto result = ask(shell("echo 'database is down' >&2; echo more; exit 3"));
  EXPECT_NOT_READY(result);
  EXPECT_EQ(result.detail, "\"sh\" exited with 3: \"database is down\"");
}

TEST_F(ExecProbeTest, TellsTheSignalThatKilledTheCommand) {
  EXPECT_EQ(ask(shell("kill -SEGV $$")).detail, "\"sh\" was killed by SIGSEGV");
}

TEST_F(ExecProbeTest, GivesTheCommandItsOwnEnvironmentAndFolder) {
  setenv("ROLL_SECRET", "ours", 1);
  auto spec = shell("test \"$ROLL_APP$ROLL_SECRET\" = web && test \"$(pwd)\" = /usr");
  spec.workdir = "/usr";
  EXPECT_READY(ask(spec));
}

TEST_F(ExecProbeTest, SaysWhatCouldNotBeStarted) {
  auto missing = shell("");
  missing.command = {"/nowhere/check"};
  EXPECT_EQ(ask(missing).detail, "cannot start \"/nowhere/check\": No such file or directory");
  auto astray = shell("");
  astray.workdir = "/nowhere";
  EXPECT_EQ(ask(astray).detail, "cannot start \"sh\" (changing to \"/nowhere\"): No such file or directory");
}

TEST_F(ExecProbeTest, RunsTheCommandAsTheServersUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: it becomes another user";
  auto spec = shell("echo $(id -u):$(id -g):$(id -G); exit 1");
  spec.credentials = Credentials{65534, 65533, {65533, 65532}};
  EXPECT_EQ(ask(spec).detail, "\"sh\" exited with 1: \"65534:65533:65533 65532\"");
}

TEST_F(ExecProbeTest, EndsTheWholeProcessGroupAtTheTimeLimit) {
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  const std::string fifo = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(pipe->write.get());
  auto spec = shell("exec 3>" + fifo + "; echo started; sleep 600 & echo up >&3; sleep 600");
  spec.timeout = 100ms;
  std::optional<ProbeResult> result;
  const auto attempt = probe_->attempt(spec, subject_, [&](const ProbeResult& given) { result = given; });
  // The loop has to run for the time limit.
  char up[3];
  ASSERT_EQ(::read(pipe->read.get(), up, sizeof up), 3);
  loop_->run_until([&] { return result.has_value(); }, std::chrono::steady_clock::now() + 10s);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->detail, "\"sh\" timed out after 100ms: \"started\"");
  pipe->write.reset();
  EXPECT_EQ(*read_all(pipe->read.get(), 100), "") << "EOF: nobody holds the pipe any more";
}

TEST_F(ExecProbeTest, EndsTheCommandWhenTheAttemptIsDestroyed) {
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  const std::string fifo = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(pipe->write.get());
  auto attempt = probe_->attempt(shell("exec 3>" + fifo + "; echo up >&3; sleep 600"), subject_,
                                 [](const ProbeResult&) { FAIL(); });
  char up[3];
  ASSERT_EQ(read(pipe->read.get(), up, sizeof up), 3);
  attempt.reset();
  pipe->write.reset();
  EXPECT_EQ(*read_all(pipe->read.get(), 100), "");
}

TEST_F(ExecProbeTest, IsNotHeldUpByACommandThatWritesALot) {
  EXPECT_READY(ask(shell("head -c 1000000 /dev/zero")));
}

// The command's user may stop it once the child has changed to that user, before the exec.
TEST_F(ExecProbeTest, IsNotHeldUpByACommandThatIsStoppedBeforeItIsExecuted) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: it becomes another user";
  auto spec = shell("exit 0");
  spec.env = {"PATH=" + EarlyStopper::long_path()};
  spec.credentials = Credentials{65534, 65534, {}};
  spec.timeout = 1s;
  EarlyStopper stopper(65534);
  const TimePoint before = loop_->now();
  EXPECT_EQ(ask(spec).detail, "\"sh\" timed out after 1s");
  EXPECT_LT(loop_->now() - before, 10s);
  EXPECT_TRUE(stopper.await(10s));
}

TEST_F(ExecProbeTest, RunsAScriptThatNamesNoInterpreter) {
  char name[] = "/tmp/roll-probe-XXXXXX";
  Fd file(mkstemp(name));
  ASSERT_TRUE(write_all(file.get(), "exit $1"));
  ASSERT_EQ(fchmod(file.get(), 0755), 0);
  file.reset();  // a file that is open for writing cannot be executed
  auto spec = shell("");
  spec.command = {name, "7"};
  EXPECT_EQ(ask(spec).detail, "\"" + std::string(name) + "\" exited with 7");
  unlink(name);
}

TEST_F(ExecProbeTest, HandsNoDescriptorToTheCommand) {
  Fd leaky(open("/dev/null", O_RDONLY));
  const auto result = ask(shell("echo $(ls /proc/self/fd); exit 1"));
  EXPECT_EQ(result.detail, "\"sh\" exited with 1: \"0 1 2 3\"");  // 3 is ls's own descriptor
}

}  // namespace
}  // namespace rollctl::test
