// SPDX-License-Identifier: MIT
// Processes beside the main one: who is told to end, what is killed, and a server that replaces itself.
#include <csignal>

#include "shim_fixture.h"

namespace rollctl::test {
namespace {

using testing::HasSubstr;
using Kind = ShimEvent::Kind;

class ChildrenTest : public ShimTest {
 protected:
  // The main process ends at SIGTERM and tells its child nothing.
  LaunchSpec leaving_a_child() { return shell_spec("sleep 1000 & echo up; wait"); }

  // `script` has say(text) for its notifications, and `child`, the pid of a child that does nothing.
  LaunchSpec python_spec(const std::string& script) {
    return spec_for({"/usr/bin/python3", "-c",
                     "import os, signal, socket, time\n"
                     "def say(text):\n"
                     "  notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                     "  notify.connect(os.environ['NOTIFY_SOCKET'])\n"
                     "  notify.send(text.encode())\n"
                     "child = os.fork()\n"
                     "if child == 0:\n"
                     "  signal.pause()\n"
                     "  os._exit(0)\n" +
                         script});
  }

  Watched& serve(const LaunchSpec& spec) {
    Watched& shim = launch_and_await(spec);
    EXPECT_TRUE(shim.client->set_role({InstanceState::Serving, 100}).await());
    return shim;
  }
  static const InstanceRecord& record(const Watched& shim) { return shim.events.back().record; }
  bool await_up(const LaunchSpec& spec) {
    return await([&] { return text_of(spec.log_path) == "up\n"; });
  }
  bool await_another_main(const Watched& shim, pid_t main) {
    return await([&] { return record(shim).server.pid != main && record(shim).server.pid != 0; });
  }
};

TEST_F(ChildrenTest, OfAServerThatTellsThemNothingAreKilledAtTheDeadlineAndCounted) {
  const LaunchSpec spec = leaving_a_child();
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await_up(spec));
  ASSERT_TRUE(shim.client->drain({SIGTERM, Millis(300)}).await());
  // The end of the main process is told while its child lives.
  ASSERT_TRUE(await(shim, Kind::StatusText));
  EXPECT_EQ(record(shim).server.pid, 0);
  EXPECT_EQ(record(shim).exit->signal, SIGTERM);
  ASSERT_TRUE(await(shim, Kind::Exited));
  EXPECT_EQ(shim.find(Kind::Exited)->processes_killed, 1U);
}

TEST_F(ChildrenTest, AreToldAsWellWhereTheScopeIsAll) {
  const LaunchSpec spec = leaving_a_child();
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await_up(spec));
  ASSERT_TRUE(shim.client->drain({SIGTERM, Millis(60'000), DrainStart::Signal, DrainScope::All}).await());
  ASSERT_TRUE(await(shim, Kind::Exited)) << "it waited for the deadline";
  EXPECT_EQ(shim.find(Kind::Exited)->processes_killed, 0U);
}

TEST_F(ChildrenTest, AreToldByAFurtherOrderWithTheScopeAll) {
  const LaunchSpec spec = leaving_a_child();
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await_up(spec));
  ASSERT_TRUE(shim.client->drain({SIGTERM, Millis(60'000)}).await());
  ASSERT_TRUE(await(shim, Kind::StatusText));
  ASSERT_TRUE(shim.client->drain({SIGTERM, Millis(60'000), DrainStart::Signal, DrainScope::All}).await());
  EXPECT_TRUE(await(shim, Kind::Exited));
}

TEST_F(ChildrenTest, AreToldOnceTheShimItselfIsToldToEnd) {
  LaunchSpec spec = leaving_a_child();
  spec.drain_scope = DrainScope::All;
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await_up(spec));
  ASSERT_TRUE(ProcessRef::open(shim.client->record().shim)->send_signal(SIGTERM));
  EXPECT_TRUE(await(shim, Kind::Exited));
}

// The last words of a process that has exited are read before it is reaped.
TEST_F(ChildrenTest, OneThatTheServerNamesIsTheMainProcessFromThenOn) {
  Watched& shim = launch_and_await(python_spec("say('MAINPID=%d' % child)\n"));
  ASSERT_TRUE(await_another_main(shim, shim.find(Kind::Launched)->record.server.pid));
  // Only the shim and the new main process are left.
  ASSERT_TRUE(await([] { return processes() == 2; }));
  EXPECT_EQ(shim.count(Kind::Exited), 0U);
  const auto main = ProcessRef::open(record(shim).server);
  ASSERT_TRUE(main) << "the record does not name a process";
  ASSERT_TRUE(shim.client->drain({SIGTERM, kSoon}).await());
  ASSERT_TRUE(await(shim, Kind::Exited));
  EXPECT_EQ(shim.find(Kind::Exited)->exit->signal, SIGTERM);
}

TEST_F(ChildrenTest, TheDeathOfTheOneThatReplacedTheServerIsItsDeath) {
  LaunchSpec spec = python_spec("say('MAINPID=%d' % child)\n");
  spec.restart = RestartPolicy::Never;
  Watched& shim = serve(spec);
  ASSERT_TRUE(await_another_main(shim, shim.find(Kind::Launched)->record.server.pid));
  ASSERT_TRUE(await([] { return processes() == 2; }));
  ASSERT_TRUE(ProcessRef::open(record(shim).server)->send_signal(SIGKILL));
  ASSERT_TRUE(await(shim, Kind::Exited));
  EXPECT_EQ(shim.find(Kind::Exited)->exit->signal, SIGKILL);
  EXPECT_EQ(record(shim).state, InstanceState::Failed);
}

TEST_F(ChildrenTest, WhereTheNewMainProcessDiesTheOneBeforeIsMainAgain) {
  Watched& shim =
      launch_and_await(python_spec("say('MAINPID=%d' % child)\n"
                                   "os.waitpid(child, 0)\n"
                                   "signal.pause()\n"));
  const pid_t first = shim.find(Kind::Launched)->record.server.pid;
  ASSERT_TRUE(await_another_main(shim, first));
  ASSERT_TRUE(ProcessRef::open(record(shim).server)->send_signal(SIGKILL));
  ASSERT_TRUE(await([&] { return record(shim).server.pid == first; }));
  EXPECT_EQ(shim.count(Kind::Exited), 0U);
}

TEST_F(ChildrenTest, ThatServeUnderAnotherUserCannotNameTheMainProcess) {
  Watched& shim =
      launch_and_await(python_spec("if os.fork() == 0:\n"
                                   "  os.setuid(33)\n"
                                   "  say('STATUS=before\\nMAINPID=%d' % os.getpid())\n"
                                   "  signal.pause()\n"
                                   "signal.pause()\n"));
  ASSERT_TRUE(await([&] { return record(shim).status == "before"; }));
  EXPECT_EQ(record(shim).server.pid, shim.find(Kind::Launched)->record.server.pid);
}

TEST_F(ChildrenTest, AProcessOutsideTheInstanceCannotBeNamed) {
  Watched& shim = launch_and_await(
      python_spec("say('STATUS=before\\nMAINPID=%d' % os.getppid())\nsignal.pause()\n"));  // its shim
  ASSERT_TRUE(await([&] { return record(shim).status == "before"; }));
  EXPECT_EQ(record(shim).server.pid, shim.find(Kind::Launched)->record.server.pid);
}

// As nginx after SIGUSR2 and SIGQUIT.
TEST_F(ChildrenTest, AServerThatReplacesItselfWithoutAWordIsToldWhatToDo) {
  const LaunchSpec spec =
      shell_spec("trap 'exit 0' USR2; sleep 1000 & echo up; while :; do sleep 0.01; done");
  Watched& shim = serve(spec);
  ASSERT_TRUE(await_up(spec));
  ASSERT_TRUE(ProcessRef::open(shim.client->record().server)->send_signal(SIGUSR2));
  ASSERT_TRUE(await(shim, Kind::Exited));
  EXPECT_THAT(record(shim).reason, testing::AllOf(HasSubstr("exited with 0"), HasSubstr("MAINPID="),
                                                  HasSubstr("`rollctl restart web`")));
  EXPECT_THAT(shim.find(Kind::Exited)->message, testing::Eq(record(shim).reason));
}

}  // namespace
}  // namespace rollctl::test
