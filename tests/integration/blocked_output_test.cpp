// SPDX-License-Identifier: MIT
// Unread outputs and programs that never stop writing must not
// delay rollctl's deadlines, signals and the end of a change.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/fd.h"
#include "support/app_fixture.h"
#include "support/descriptors.h"

namespace rollctl::test {

using testing::IsEmpty;
using testing::Not;

constexpr const char* kNotify = "[ready]\nkind = \"notify\"\n";

bool catches_sigint(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("SigCgt:"))
      return (std::stoull(line.substr(7), nullptr, 16) >> (SIGINT - 1) & 1U) != 0;
  return false;
}

// A full pipe.
class FullPipe {
 public:
  FullPipe() : pipe_(make_pipe(Blocking::No).value_or(Pipe{})) {
    const std::string some(4096, '.');
    while (::write(pipe_.write.get(), some.data(), some.size()) > 0) filled_ += some.size();
    // The writer's end blocks, as from any shell.
    ::fcntl(pipe_.write.get(), F_SETFL, 0);
    ::fcntl(pipe_.read.get(), F_SETFL, 0);
  }

  [[nodiscard]] int end() const { return pipe_.write.get(); }
  void close_end() { pipe_.write.reset(); }
  void close_reader() { pipe_.read.reset(); }

  // The data written after it was full, until EOF.
  std::string read_rest() {
    pipe_.write.reset();
    std::string text = read_all(pipe_.read.get(), size_t{1} << 30).value_or(std::string());
    return text.substr(std::min(filled_, text.size()));
  }

 private:
  Pipe pipe_;
  size_t filled_ = 0;
};

// A terminal whose user has pressed Ctrl-S.
class StoppedTerminal {
 public:
  StoppedTerminal() {
    int master = -1;
    int slave = -1;
    if (openpty(&master, &slave, nullptr, nullptr, nullptr) != 0) return;
    master_ = Fd(master);
    slave_ = Fd(slave);
    ::fcntl(master, F_SETFD, FD_CLOEXEC);
    ::fcntl(slave, F_SETFD, FD_CLOEXEC);
    ::tcflow(slave, TCOOFF);
  }
  [[nodiscard]] int end() const { return slave_.get(); }

 private:
  Fd master_;
  Fd slave_;
};

class BlockedOutputTest : public AppTest {
 protected:
  [[nodiscard]] ChildProcess start_on(int out, int err, std::vector<std::string> arguments) const {
    ChildSpec spec = rollctl_spec(std::move(arguments));
    spec.output = Output::Inherit;
    spec.fds = {{out, 1}, {err, 2}};
    spec.env.emplace_back("TERM=xterm");
    auto child = ChildProcess::spawn(spec);
    EXPECT_TRUE(child) << child.error().message;
    return std::move(*child);
  }
  void await_only(const std::string& release) const {
    await("the change is over", [&] {
      const json now = status();
      return now["release"] == release && now["deploy"] == nullptr && now["instances"].size() == 1;
    });
  }
  // The lock is free while rollctl still waits for its output.
  void expect_changes_are_possible() const { EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(0)); }
  static void expect_exit(ChildProcess& child, int code) {
    const auto exit = child.wait(kLong);
    ASSERT_TRUE(exit) << exit.error().message;
    EXPECT_EQ(*exit, ChildExit::with_code(code));
  }
  static void interrupt(ChildProcess& child, int code) {
    ASSERT_TRUE(child.send_signal(SIGINT));
    expect_exit(child, code);
  }
};

TEST_F(BlockedOutputTest, NeitherStopsADeployNorHoldsItsLock) {
  deploy("v1");
  int release = 1;
  for (const char* option : {"--json", "--verbose"}) {
    FullPipe pipe;
    write_app(StubApp{});
    const std::string next = "v" + std::to_string(++release);
    ChildProcess child = start_on(pipe.end(), pipe.end(), {"deploy", "web", next, option});
    await_only(next);
    expect_changes_are_possible();
    EXPECT_FALSE(child.has_exited()) << "it waits for who reads";
    interrupt(child, 0);
  }
}

TEST_F(BlockedOutputTest, LosesNothingWhenItIsReadAtLast) {
  deploy("v1");
  FullPipe pipe;
  write_app(StubApp{});
  ChildProcess child = start_on(pipe.end(), STDERR_FILENO, {"deploy", "web", "v2", "--json"});
  await_only("v2");
  const Said said{{}, pipe.read_rest(), {}};
  expect_exit(child, 0);
  EXPECT_EQ(said.event("deploy.finished")["outcome"], "deployed");
  std::vector<std::string> names = said.event_names();
  EXPECT_EQ(names.front(), "deploy.started");
  EXPECT_EQ(said.lines().size(), static_cast<size_t>(std::count(said.out.begin(), said.out.end(), '\n')));
}

TEST_F(BlockedOutputTest, OfAStoppedTerminalNeitherStopsADeployNorHoldsItsLock) {
  deploy("v1");
  const StoppedTerminal terminal;
  write_app(StubApp{});
  ChildProcess child = start_on(terminal.end(), terminal.end(), {"deploy", "web", "v2"});
  await_only("v2");
  expect_changes_are_possible();
  interrupt(child, 0);
}

TEST_F(BlockedOutputTest, KeepsNoSignalFromADeploy) {
  deploy("v1");
  write_app(StubApp{.behaviours = {"never-ready"}, .tables = kNotify});
  const StoppedTerminal terminal;
  FullPipe pipe;
  for (const int end : {terminal.end(), pipe.end()}) {
    const size_t before = server_events().size();
    ChildProcess child = start_on(end, end, {"deploy", "web", "v2"});
    await("v2 listens", [&] { return server_events().size() > before; });
    interrupt(child, 130);
    EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(0));
    expect_only("v1");
  }
}

TEST_F(BlockedOutputTest, EndsTheWaitOfADetachedHoldAndOfAStop) {
  deploy("v1");
  FullPipe pipe;
  ChildProcess stop = start_on(pipe.end(), pipe.end(), {"stop", "web"});
  await("it has stopped", [&] { return status()["instances"].empty(); });
  ASSERT_TRUE(stop.send_signal(SIGTERM));
  expect_exit(stop, 0);
}

TEST_F(BlockedOutputTest, LeavesAHooksFloodOutAndGoesOn) {
  deploy("v1");
  FullPipe pipe;
  write_app(
      StubApp{.tables = "[hooks]\nbefore_deploy = [\"/bin/sh\", \"-c\", \"yes | head -n 20000000\"]\n"});
  ChildProcess child = start_on(pipe.end(), pipe.end(), {"deploy", "web", "v2"});
  await_only("v2");
  const std::string said = pipe.read_rest();
  expect_exit(child, 0);
  EXPECT_NE(said.find(" lines were not written: the output was blocked"), std::string::npos);
  EXPECT_NE(said.find("v2 serves with 1 instance"), std::string::npos);
}

TEST_F(BlockedOutputTest, AHookThatNeverStopsPrintingKeepsNoSignal) {
  deploy("v1");
  write_app(StubApp{.tables = "[hooks]\nbefore_deploy = [\"/bin/sh\", \"-c\", \"touch " + path("hook") +
                              "; exec timeout 60 yes\"]\n"});
  const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  FullPipe pipe;
  for (const int end : {null.get(), pipe.end()}) {
    std::filesystem::remove(path("hook"));
    ChildProcess child = start_on(end, end, {"deploy", "web", "v2"});
    await("the hook runs", [&] { return std::filesystem::exists(path("hook")); });
    interrupt(child, 130);
    expect_only("v1");
    for (const Resident& one : residents_called("yes")) kill_process(one.id.pid);
    for (const Resident& one : residents_called("timeout")) kill_process(one.id.pid);
  }
}

TEST_F(BlockedOutputTest, AHooksChildThatPrintsOnDoesNotHoldTheDeploy) {
  deploy("v1");
  write_app(
      StubApp{.tables = "[hooks]\nbefore_deploy = [\"/bin/sh\", \"-c\", \"timeout 60 yes & exit 0\"]\n"});
  const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  ChildProcess child = start_on(null.get(), null.get(), {"deploy", "web", "v2"});
  expect_exit(child, 0);
  for (const Resident& one : residents_called("yes")) kill_process(one.id.pid);
  for (const Resident& one : residents_called("timeout")) kill_process(one.id.pid);
  expect_only("v2");
}

TEST_F(BlockedOutputTest, AProbeThatNeverStopsPrintingKeepsNoDeadline) {
  constexpr const char* kFloods = "for i in 1 2 3 4 5 6; do dd if=/dev/zero bs=1M & done; wait";
  const Said said = try_deploy("v1", {.tables = "[ready]\nkind = \"exec\"\ndeadline = \"1s\"\n"
                                                "command = [\"/bin/sh\", \"-c\", \"" +
                                                std::string(kFloods) + "\"]\n"});
  EXPECT_THAT(said, ExitsWith(1));
}

// Without eBPF rollctl attends its canary, and promote or abort wait for its exit.
TEST_F(BlockedOutputTest, OfWhoStaysWithACanaryDoesNotHoldWhoDecides) {
  run_as(65534);
  deploy("v1");
  for (const char* decision : {"promote", "abort"}) {
    FullPipe pipe;
    write_app(StubApp{});
    ChildProcess staying = start_on(pipe.end(), pipe.end(),
                                    {"deploy", "web", std::string("for-") + decision, "--canary", "50%"});
    await("it stays", [&] {
      const std::string holder = read(path("run/web/lock"));
      return holder.find(std::string("for-") + decision) != std::string::npos &&
             holder.find(R"("attends":true)") != std::string::npos;
    });
    EXPECT_THAT(rollctl({decision, "web"}), ExitsWith(0));
    ASSERT_TRUE(staying.wait(kLong));
    expect_only("for-promote");
  }
}

class FloodTest : public BlockedOutputTest {
 protected:
  // A process writes into the log of instance 1 as fast as it can.
  ChildProcess flood() const {
    ChildSpec spec;
    spec.argv = {"/bin/sh", "-c", "yes flood >>" + path("log/web/1.log")};
    auto child = ChildProcess::spawn(spec);
    EXPECT_TRUE(child);
    return std::move(*child);
  }
  static void await_following(const ChildProcess& follower) {
    await("it has begun", [&] {
      for (const auto& [fd, name] : descriptors_of(follower.pid()))
        if (name == "anon_inode:inotify") return true;
      return false;
    });
  }
  static void end(ChildProcess& writer) {
    ASSERT_TRUE(writer.send_signal(SIGKILL));
    for (const Resident& one : residents_called("yes")) kill_process(one.id.pid);
  }
};

TEST_F(FloodTest, OfALogKeepsNoSignalFromWhoFollowsIt) {
  deploy("v1");
  const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  FullPipe pipe;
  const StoppedTerminal terminal;
  for (const int out : {null.get(), pipe.end(), terminal.end()}) {
    ChildProcess follower = start_on(out, STDERR_FILENO, {"logs", "web", "-f", "-n", "0"});
    await_following(follower);
    auto writer = flood();
    const auto before = std::filesystem::file_size(path("log/web/1.log"));
    await("the log grows",
          [&] { return std::filesystem::file_size(path("log/web/1.log")) > before + (size_t{4} << 20); });
    interrupt(follower, 0);
    end(writer);
  }
}

TEST_F(FloodTest, OfALogIsReadNoFasterThanItIsShown) {
  deploy("v1");
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  ChildProcess follower = start_on(pipe->write.get(), STDERR_FILENO, {"logs", "web", "-f", "--json"});
  pipe->write.reset();
  write(path("log/web/1.log"), "");
  {
    std::ofstream log(path("log/web/1.log"), std::ios::app);
    for (int line = 0; line < 200'000; ++line) log << "line " << line << "\n";
  }
  // No reader until the pipe is full; then all of the output arrives.
  std::string text;
  while (text.find("line 199999\"") == std::string::npos) {
    char buffer[65536];
    const ssize_t got = ::read(pipe->read.get(), buffer, sizeof buffer);
    ASSERT_GT(got, 0);
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() > 4 * sizeof buffer) text.erase(0, text.size() - sizeof buffer);
  }
  interrupt(follower, 0);
}

TEST_F(FloodTest, AFollowerEndsWithItsReader) {
  deploy("v1");
  for (const auto& command : {std::vector<std::string>{"logs", "web", "-f", "-n", "0"},
                              std::vector<std::string>{"status", "web", "--watch"}}) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    ChildProcess follower = start_on(pipe->write.get(), STDERR_FILENO, command);
    pipe->write.reset();
    // Its signals are caught by then, and its reader is watched.
    await("it has begun", [&] { return descriptors_of(follower.pid()).size() > 6; });
    pipe->read.reset();
    expect_exit(follower, 0);
  }
}

TEST_F(FloodTest, ABlockedStatusThatWatchesIsEndedByASignal) {
  deploy("v1");
  FullPipe pipe;
  const StoppedTerminal terminal;
  for (const int out : {pipe.end(), terminal.end()}) {
    ChildProcess watch = start_on(out, STDERR_FILENO, {"status", "web", "--watch"});
    await("it heeds signals", [&] { return catches_sigint(watch.pid()); });
    interrupt(watch, 0);
  }
}

TEST_F(FloodTest, AHistoryIsWholeForWhoReadsLate) {
  deploy("v1");
  const std::string begun = read(journal_path());
  std::string journal;
  for (int times = 0; times < 3000; ++times) journal += begun;
  write(journal_path(), journal);
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  ChildProcess history =
      start_on(pipe->write.get(), STDERR_FILENO, {"history", "web", "--json", "-n", "3000"});
  pipe->write.reset();
  pollfd readable{pipe->read.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&readable, 1, static_cast<int>(kLong.count())), 1);
  EXPECT_FALSE(history.has_exited());
  const auto text = read_all(pipe->read.get(), size_t{1} << 30);
  ASSERT_TRUE(text);
  EXPECT_EQ(json::parse(*text)["changes"].size(), 3000u);
  expect_exit(history, 0);
}

}  // namespace rollctl::test
