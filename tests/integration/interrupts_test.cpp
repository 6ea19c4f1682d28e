// SPDX-License-Identifier: MIT
// Signals and closed terminals, in every phase.
#include <fcntl.h>
#include <pty.h>

#include <filesystem>

#include "base/fd.h"
#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::Contains;
using testing::IsEmpty;

constexpr const char* kNotify = "[ready]\nkind = \"notify\"\n";

class InterruptTest : public AppTest {
 protected:
  // v1 serves with clients on it.
  void serve_v1(int instances = 1) {
    deploy("v1", {.instances = instances});
    instances_ = instances;
  }
  ChildProcess start_v2(StubApp v2, std::vector<std::string> options = {}) {
    v2.instances = instances_;
    write_app(v2);
    options.insert(options.begin(), {"deploy", "web", "v2", "--json"});
    return start(std::move(options));
  }
  // The signal came before the last shift: undone.
  void expect_undone(ChildProcess& deploy, int exit_code) {
    const Said said = finish(deploy);
    EXPECT_THAT(said, ExitsWith(exit_code));
    EXPECT_EQ(said.event("deploy.finished")["outcome"], "interrupted");
    EXPECT_EQ(said.event("error")["exit"], exit_code);
    const auto answer = get();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->release, "v1");
    expect_only("v1", instances_);
  }
  // v1 ends when this client leaves.
  void hold_v1_open() {
    auto client = connect_client();
    ASSERT_TRUE(client);
    client_ = std::move(*client);
    await("the client is accepted", [&] { return status()["instances"][0]["connections"] == 1; });
  }

  int instances_ = 1;
  Fd client_;
};

TEST_F(InterruptTest, WhileTheNewOneStartsUndoes) {
  serve_v1();
  Clients clients;
  ChildProcess deploy = start_v2({.behaviours = {"never-ready"}, .tables = kNotify});
  await_event(deploy, "instance.started");
  ASSERT_TRUE(deploy.send_signal(SIGINT));
  expect_undone(deploy, 130);
  EXPECT_THAT(clients.stop(), IsEmpty());
}

TEST_F(InterruptTest, SigtermUndoesAsWell) {
  serve_v1();
  ChildProcess deploy = start_v2({.behaviours = {"never-ready"}, .tables = kNotify});
  await_event(deploy, "instance.started");
  ASSERT_TRUE(deploy.send_signal(SIGTERM));
  expect_undone(deploy, 143);
}

TEST_F(InterruptTest, WhileAHookRunsBeforeTheDeployUndoes) {
  serve_v1();
  ChildProcess deploy = start_v2({.tables = "[hooks]\nbefore_deploy = [\"/bin/sh\", \"-c\", \"touch " +
                                            path("hook") + "; exec sleep 2\"]\n"});
  await("the hook runs", [&] { return std::filesystem::exists(path("hook")); });
  ASSERT_TRUE(deploy.send_signal(SIGINT));
  expect_undone(deploy, 130);
}

// Its child gets the signal as well: `sh` without `exec` would leave it behind.
TEST_F(InterruptTest, AHookThatHangsBeforeTheDeployIsEndedWithItsChildren) {
  serve_v1();
  ChildProcess deploy = start_v2({.tables = "[hooks]\nbefore_deploy = [\"/bin/sh\", \"-c\", \"touch " +
                                            path("hook") + "; sleep 3600; true\"]\n"});
  await("the hook runs", [&] { return std::filesystem::exists(path("hook")); });
  ASSERT_TRUE(deploy.send_signal(SIGTERM));
  expect_undone(deploy, 143);
  await("its child has ended", [] { return residents_called("sleep 3600").empty(); });
}

TEST_F(InterruptTest, AHookThatHangsAfterTheLastShiftIsEndedAndTheReleaseServes) {
  serve_v1();
  ChildProcess deploy = start_v2({.tables = "[hooks]\nafter_shift = [\"/bin/sh\", \"-c\", \"touch " +
                                            path("hook") + "; exec sleep 3600\"]\n"});
  await("the hook runs", [&] { return std::filesystem::exists(path("hook")); });
  ASSERT_TRUE(deploy.send_signal(SIGTERM));
  const Said said = finish(deploy);
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("deploy.finished")["outcome"], "deployed");
  await("v1 has ended", [&] { return status()["instances"].size() == 1; });
  expect_only("v2");
  await("its child has ended", [] { return residents_called("sleep 3600").empty(); });
}

TEST_F(InterruptTest, TheMessageAfterASecondSignalSaysWhoServes) {
  serve_v1(2);
  write_app(StubApp{.instances = 2,
                    .tables = "[hooks]\nbefore_drain = [\"/bin/sh\", \"-c\", \"trap 'touch " + path("asked") +
                              "' TERM; touch " + path("hook") + "; while :; do sleep 3600; done\"]\n"});
  ChildProcess deploy = start({"deploy", "web", "v3"});
  await("the hook runs", [&] { return std::filesystem::exists(path("hook")); });
  ASSERT_TRUE(deploy.send_signal(SIGTERM));
  await("the hook is told to end", [&] { return std::filesystem::exists(path("asked")); });
  ASSERT_TRUE(deploy.send_signal(SIGTERM));
  EXPECT_THAT(finish(deploy), AllOf(ExitsWith(3), Complains("v1 serves with 1 instance and v3 with 1")));
  await("its child has ended", [] { return residents_called("sleep 3600").empty(); });
  write_app(StubApp{.instances = 2});
  EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
}

TEST_F(InterruptTest, BetweenTwoBatchesTakesTheFirstOneBack) {
  serve_v1(2);
  Clients clients;
  // The first of the new ones becomes ready, the second never.
  ChildProcess deploy = start_v2({.tables = "[ready]\nkind = \"exec\"\n"
                                            "command = [\"/bin/sh\", \"-c\", \"mkdir " +
                                            path("first") + " || test $ROLL_INSTANCE = 3\"]\n"});
  await_event(deploy, "traffic.shifted");
  await_event(deploy, "instance.started");
  ASSERT_TRUE(deploy.send_signal(SIGINT));
  expect_undone(deploy, 130);
  EXPECT_THAT(clients.stop(), IsEmpty());
}

TEST_F(InterruptTest, WhileItBakesAfterTheLastShiftOnlyStopsTheWaiting) {
  serve_v1();
  Clients clients;
  ChildProcess deploy = start_v2({}, {"--bake", "60s"});
  await_event(deploy, "traffic.shifted");
  ASSERT_TRUE(deploy.send_signal(SIGINT));
  const Said said = finish(deploy);
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("deploy.finished")["outcome"], "deployed");
  await("v1 has ended", [&] { return status()["instances"].size() == 1; });
  expect_only("v2");
  EXPECT_THAT(clients.stop(), IsEmpty());
}

TEST_F(InterruptTest, WhileTheOldOneDrainsOnlyStopsTheWaiting) {
  serve_v1();
  hold_v1_open();
  ChildProcess deploy = start_v2({});
  await_event(deploy, "instance.draining");
  ASSERT_TRUE(deploy.send_signal(SIGINT));
  const Said said = finish(deploy);
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("deploy.finished")["outcome"], "deployed");
  EXPECT_EQ(get()->release, "v2");
  EXPECT_EQ(instance_of("v1")["state"], "draining");
  EXPECT_NE(instance_of("v1")["drain_deadline"], nullptr);
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(0));
  client_.reset();
  await("its shim ends it", [&] { return status()["instances"].size() == 1; });
  expect_only("v2");
}

TEST_F(InterruptTest, TheSummarySaysThatADrainWasNotAwaited) {
  serve_v1();
  hold_v1_open();
  write_app(StubApp{});
  ChildProcess deploy = start({"deploy", "web", "v2"});
  await("v1 drains", [&] { return instance_of("v1")["state"] == "draining"; });
  ASSERT_TRUE(deploy.send_signal(SIGTERM));
  const Said said = finish(deploy);
  EXPECT_THAT(said, AllOf(ExitsWith(0), Says("v2 serves with 1 instance"), Says("1 instance still draining"),
                          Says("SIGTERM")));
  client_.reset();
  await("its shim ends it", [&] { return status()["instances"].size() == 1; });
}

TEST_F(InterruptTest, ASecondSignalLeavesAtOnceAndRecoverTidiesUp) {
  serve_v1();
  Clients clients;
  ChildProcess deploy = start_v2({.behaviours = {"never-ready", "ignore-term"}, .tables = kNotify});
  await_event(deploy, "instance.started");
  await_listening("v2");  // it already ignores SIGTERM then
  ASSERT_TRUE(deploy.send_signal(SIGINT));
  await_event(deploy, "instance.draining");
  ASSERT_TRUE(deploy.send_signal(SIGINT));
  const Said said = finish(deploy);
  EXPECT_THAT(said, ExitsWith(3));
  EXPECT_EQ(said.event("error")["exit"], 3);
  EXPECT_NE(said.event("error")["hint"].get<std::string>().find("rollctl recover"), std::string::npos);
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(3));
  EXPECT_EQ(get()->release, "v1");
  EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v1");
}

TEST_F(InterruptTest, AStopThatIsInterruptedWhileItDrainsIsFinishedByTheShims) {
  serve_v1();
  hold_v1_open();
  ChildProcess stop = start({"stop", "web", "--json"});
  await_event(stop, "instance.draining");
  ASSERT_TRUE(stop.send_signal(SIGINT));
  EXPECT_THAT(finish(stop), ExitsWith(0));
  EXPECT_EQ(status()["wanted"], 0);
  client_.reset();
  await("its shim ends it", [&] { return status()["instances"].empty(); });
}

TEST_F(InterruptTest, SighupStopsNothing) {
  serve_v1();
  ChildProcess deploy = start_v2({.behaviours = {"ready-after=500ms"}, .tables = kNotify});
  await_event(deploy, "instance.started");
  ASSERT_TRUE(deploy.send_signal(SIGHUP));
  EXPECT_THAT(finish(deploy), ExitsWith(0));
  expect_only("v2");
}

TEST_F(InterruptTest, AClosedOutputStopsNothing) {
  serve_v1();
  for (const char* option : {"--json", "--verbose"}) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    write_app(StubApp{});
    ChildSpec spec = rollctl_spec({"deploy", "web", std::string("v2") + option, option});
    spec.output = Output::Inherit;
    spec.fds = {{pipe->write.get(), 1}, {pipe->write.get(), 2}};
    pipe->read.reset();
    auto ran = run_child(spec, kLong);
    ASSERT_TRUE(ran) << ran.error().message;
    EXPECT_EQ(ran->exit, ChildExit::with_code(0)) << option;
    expect_only(std::string("v2") + option);
  }
}

TEST_F(InterruptTest, AClosedTerminalStopsNothing) {
  serve_v1();
  int master = -1;
  int slave = -1;
  ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  Fd terminal(master);
  Fd end(slave);
  fcntl(master, F_SETFD, FD_CLOEXEC);
  write_app(StubApp{.behaviours = {"ready-after=500ms"}, .tables = kNotify});
  ChildSpec spec = rollctl_spec({"deploy", "web", "v2"});
  // The terminal is its controlling one, so that it gets SIGHUP when that closes.
  spec.argv.insert(spec.argv.begin(), {"setsid", "--ctty"});
  spec.output = Output::Inherit;
  spec.fds = {{end.get(), 0}, {end.get(), 1}, {end.get(), 2}};
  auto deploy = ChildProcess::spawn(spec);
  ASSERT_TRUE(deploy) << deploy.error().message;
  end.reset();
  await_listening("v2");
  terminal.reset();
  const auto exit = deploy->wait(kLong);
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_EQ(*exit, ChildExit::with_code(0));
  expect_only("v2");
}

TEST_F(InterruptTest, WhileStatusWatchesEndsIt) {
  serve_v1();
  ChildProcess watch = start({"status", "web", "--watch", "--json"});
  ASSERT_TRUE(watch.read_line(kLong));
  ASSERT_TRUE(watch.send_signal(SIGINT));
  EXPECT_THAT(finish(watch), ExitsWith(0));
}

}  // namespace rollctl::test
