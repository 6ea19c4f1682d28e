// SPDX-License-Identifier: MIT
// Servers of more than one process whose main process ends before the others.
#include <signal.h>

#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

class ChildrenTest : public AppTest {
 protected:
  // A child for each connection, as socat's; with `worker` also one that has none. SIGTERM ends the main
  // process at once and is told to no child. At SIGUSR2 it exits and leaves its child, as nginx's old master.
  void write_forking_app(const std::string& behaviour, const std::string& tables) const {
    write(path("server.py"),
          "import os, signal, socket, sys\n"
          "listener = socket.socket()\n"
          "listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n"
          "listener.bind(('127.0.0.1', 8080))\n"
          "listener.listen(100)\n"
          "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
          "if 'worker' in sys.argv and os.fork() == 0:\n"
          "  listener.close()\n"
          "  while True: signal.pause()\n"
          "signal.signal(signal.SIGUSR2, lambda *_: os._exit(0))\n"
          "while True:\n"
          "  connection, _ = listener.accept()\n"
          "  if os.fork() == 0:\n"
          "    listener.close()\n"
          "    while connection.recv(100): pass\n"
          "    os._exit(0)\n"
          "  connection.close()\n");
    write_app("command = [\"/usr/bin/python3\", \"" + path("server.py") + "\", \"{release}\", \"" +
              behaviour + "\"]\nlisten = [\"127.0.0.1:8080\"]\n" + tables);
  }
  std::vector<Fd> connect_clients(int count) const {
    std::vector<Fd> clients;
    for (int i = 0; i < count; ++i) {
      auto client = connect_client();
      EXPECT_TRUE(client);
      if (client) clients.push_back(std::move(*client));
    }
    return clients;
  }
};

TEST_F(ChildrenTest, ThatDrainAreCountedAndShown) {
  write_forking_app("", "");
  ASSERT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  std::vector<Fd> clients = connect_clients(3);
  ChildProcess deploy = start({"deploy", "web", "v2", "--json"});
  const json lingering = await_event(deploy, "instance.lingering");
  EXPECT_EQ(lingering["connections"], 3);
  EXPECT_EQ(lingering["processes"], 3);
  EXPECT_EQ(lingering["exit"], json({{"signal", "SIGTERM"}}));
  EXPECT_EQ(lingering["told"], false);
  const json old = instance_of("v1");
  EXPECT_EQ(old["connections"], 3);
  EXPECT_THAT(old["left"], SizeIs(3));
  EXPECT_THAT(old["left"], Contains(old["pid"]));
  EXPECT_THAT(rollctl({"status", "web"}), Says("main process ended, 3 processes left"));
  clients.clear();
  const Said said = finish(deploy);
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("instance.drained")["connections_cut"], 0);
  EXPECT_FALSE(said.event("instance.drained").contains("processes_killed"));
}

TEST_F(ChildrenTest, ThatDoNotEndAreKilledAndCounted) {
  write_forking_app("worker", "");
  ASSERT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  const std::vector<Fd> clients = connect_clients(3);
  const Said said = rollctl({"deploy", "web", "v2", "--drain-deadline", "1s", "--strict"});
  EXPECT_THAT(said,
              AllOf(ExitsWith(4), Complains("waiting for python3 (pid "), Complains("3 connections open"),
                    Complains("3 connections cut, the main process was killed by SIGTERM, 4 processes that "
                              "it left were killed")));
  ASSERT_THAT(rollctl({"stop", "web", "--drain-deadline", "1s"}),
              AllOf(ExitsWith(0), Complains("not told to end: see scope in [drain]")));
}

TEST_F(ChildrenTest, AreToldToEndWhereTheScopeIsAll) {
  write_forking_app("worker", "[drain]\nscope = \"all\"\n");
  ASSERT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  for (const char* command : {"restart", "stop"}) {
    const Said said = rollctl({command, "web", "--json"});
    EXPECT_THAT(said, ExitsWith(0));
    EXPECT_FALSE(said.event("instance.drained").contains("processes_killed"));
  }
}

TEST_F(ChildrenTest, AServerThatReplacesItselfIsFailedWithAReason) {
  write_forking_app("worker", "");
  ASSERT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  ASSERT_EQ(kill(instance_of("v1")["pid"].get<pid_t>(), SIGUSR2), 0);
  await("it has failed", [&] { return instance_of("v1")["state"] == "failed"; });
  const json failed = instance_of("v1");
  EXPECT_EQ(failed["weight"], 0);
  EXPECT_THAT(failed["reason"].get<std::string>(), HasSubstr("MAINPID="));
  EXPECT_THAT(rollctl({"status", "web"}), AllOf(ExitsWith(3), Says("use `rollctl restart web` instead")));
  EXPECT_THAT(rollctl({"start", "web"}), ExitsWith(0));
}

}  // namespace rollctl::test
