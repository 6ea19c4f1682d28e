// SPDX-License-Identifier: MIT
// Shims that run but do not answer, servers that extend their drain, surplus instances, and more addresses
// than fit into a packet.
#include <poll.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/packet_socket.h"
#include "loop/loop.h"
#include "process/shim_client.h"
#include "process/shim_protocol.h"
#include "support/app_fixture.h"

namespace rollctl::test {

using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class SilentTest : public AppTest {
 protected:
  // Continues stopped shims, so that their servers can be stopped.
  void TearDown() override {
    for (const Resident& one : residents_called("roll-shim " + path("run")))
      kill_process(one.id.pid, SIGCONT);
    AppTest::TearDown();
  }

  [[nodiscard]] std::vector<pid_t> shims() const {
    std::vector<pid_t> pids;
    const json now = status();
    for (const json& instance : now["instances"]) pids.push_back(instance["shim_pid"]);
    return pids;
  }

  static std::string text(const std::vector<pid_t>& pids, const char* between) {
    std::string text;
    for (const pid_t pid : pids) text += (text.empty() ? "" : between) + std::to_string(pid);
    return text;
  }

  static bool bash_can(const char* program) { return ::access(program, X_OK) == 0; }
};

TEST_F(SilentTest, AChangeIsRefusedBeforeItTouchesAnything) {
  deploy("v1", {.instances = 3});
  const std::vector<pid_t> pids = shims();
  for (const pid_t pid : pids) kill_process(pid, SIGSTOP);
  const std::string before = read(journal_path());
  Clients clients;

  const auto began = steady_clock::now();
  const Said refused = try_deploy("v2", {.instances = 3});
  EXPECT_LT(steady_clock::now() - began, 2 * kShimPatience) << "they are waited for together";
  EXPECT_THAT(refused,
              AllOf(ExitsWith(1), Complains("pids " + text(pids, ", ") + ", are stopped"),
                    Complains("kill -CONT " + text(pids, " ")), Complains("kill -KILL " + text(pids, " "))));
  EXPECT_THAT(rollctl({"stop", "web"}), AllOf(ExitsWith(1), Complains("are stopped")));
  EXPECT_THAT(rollctl({"recover", "web"}),
              AllOf(ExitsWith(3), Complains("are stopped"), Not(Complains("nothing serves"))));
  EXPECT_EQ(read(journal_path()), before);
  EXPECT_FALSE(std::filesystem::exists(path("run/web/4")));

  const Said shown = rollctl({"status", "web"});
  EXPECT_THAT(shown, AllOf(ExitsWith(3), Says("3 of 3 instances"), Says("shim does not answer"),
                           Says("kill -CONT " + text(pids, " "))));
  const json instance = status()["instances"][0];
  EXPECT_EQ(instance["answers"], false);
  EXPECT_EQ(instance["supervised"], true);
  EXPECT_EQ(instance["state"], "serving");

  clients.await_answers(3);
  EXPECT_THAT(clients.stop(), IsEmpty());
  kill_process(pids[0], SIGKILL);
  kill_process(pids[1], SIGCONT);
  kill_process(pids[2], SIGCONT);
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(0));
  EXPECT_THAT(try_deploy("v2", {.instances = 3}), ExitsWith(0));
  expect_only("v2", 3);
}

TEST_F(SilentTest, AShimWhoseClientsHaveAllItsPlacesIsNotTakenForDead) {
  deploy("v1");
  std::vector<Fd> clients;
  for (int i = 0; i < 64; ++i) {
    auto connection = connect_for_packets(path("run/web/1"), kControlSocket, kLong);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(send_packet(connection->get(), to_text(shim::Request{1, shim::GetRecord{}})));
    // A shim gives the place of a client that has not asked yet to the next one.
    pollfd answered{connection->get(), POLLIN, 0};
    ASSERT_EQ(::poll(&answered, 1, static_cast<int>(kLong.count())), 1);
    clients.push_back(std::move(*connection));
  }
  EXPECT_THAT(try_deploy("v2", {}), AllOf(ExitsWith(1), Complains("does not answer")));
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(3));
  clients.clear();
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(0));
  expect_only("v1");
}

// A continued shim handles the pending requests.
TEST_F(SilentTest, AShimThatFallsSilentInADeployDoesNotBringItsServerBack) {
  deploy("v1");
  const pid_t shim = shims().front();
  const Said said = try_deploy(
      "v2", {.tables = "[drain]\ndeadline = \"1s\"\n[hooks]\nafter_shift = [\"/bin/kill\", \"-STOP\", \"" +
                       std::to_string(shim) + "\"]\n"});
  EXPECT_THAT(said, AllOf(ExitsWith(3), Complains("instance 1 did not end"), Complains("v2 serves with 1"),
                          Not(Complains("as before"))));
  EXPECT_THAT(rollctl({"status", "web"}), AllOf(ExitsWith(3), Says("is stopped"), Not(Says("too many"))));
  EXPECT_THAT(rollctl({"recover", "web"}), AllOf(ExitsWith(3), Complains("is stopped")));
  Clients clients;
  kill_process(shim, SIGCONT);
  await("it has ended", [&] { return !std::filesystem::exists(path("run/web/1")); });
  clients.await_answers(3);
  EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
  clients.await_answers(3);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v2");
}

// A shim disconnects a rollctl that does not read, such as one stopped at a terminal. The shim itself goes on
// and would restart its server.
TEST_F(SilentTest, AShimThatHungUpOnRollctlIsCalledAgain) {
  if (!bash_can("/usr/bin/systemd-notify")) GTEST_SKIP() << "systemd-notify is not installed";
  const std::string chatter =
      "i=0; long=$(printf %0900d 1); while kill -0 $$; do i=$((i+1)); "
      "/usr/bin/systemd-notify --no-block --status=$i$long; sleep 0.05; done 2>/dev/null & exec \"$@\"";
  write_app("command = [\"/bin/sh\", \"-c\", " + json(chatter).dump() + ", \"sh\", \"" +
            program_path("stub_server") + "\", \"--listen\", \"{listen}\"]\nlisten = [\"" + kAddress +
            "\"]\n[restart]\npolicy = \"always\"\n");
  ASSERT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  const std::string hook = path("hook");
  ASSERT_EQ(mkfifo(hook.c_str(), 0600), 0);
  write_app(StubApp{.tables = "[hooks]\nbefore_deploy = [\"/bin/cat\", \"" + hook + "\"]\n"});
  ChildProcess deploy = start({"deploy", "web", "v2"});
  await("the hook runs", [&] { return !residents_called("cat " + hook).empty(); });
  const std::string descriptors = "/proc/" + std::to_string(shims().front()) + "/fd";
  const auto count = [&] { return std::distance(std::filesystem::directory_iterator(descriptors), {}); };
  const auto before = count();
  kill_process(deploy.pid(), SIGSTOP);
  await("the shim has hung up", [&] { return count() < before; });
  kill_process(deploy.pid(), SIGCONT);
  std::ofstream(hook) << "over\n";
  EXPECT_THAT(finish(deploy), AllOf(ExitsWith(0), Not(Complains("has died"))));
  expect_only("v2");
  std::filesystem::remove(hook);
  write(hook, "");  // for the stop at the end
}

TEST_F(SilentTest, MoreInstancesThanAreWantedAreNamedAndRecoverDrainsThem) {
  deploy("v1");
  write_app(StubApp{});
  ASSERT_THAT(rollctl({"deploy", "web", "v2", "--hold", "10m"}), ExitsWith(0));
  const auto loop = Loop::create();
  auto shim = ShimClient::connect(**loop, path("run/web/1"), {});
  ASSERT_TRUE(shim);
  ASSERT_TRUE((*shim)->set_role({InstanceState::Serving, 50}).await());
  EXPECT_THAT(rollctl({"status", "web"}), AllOf(ExitsWith(3), Says("2 of 1 instance"),
                                                Says("instance 1 serves"), Says("rollctl recover web")));
  EXPECT_THAT(rollctl({"start", "web", "--dry-run"}), AllOf(ExitsWith(0), Says("drain 1")));
  EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
  expect_only("v2");
}

TEST_F(SilentTest, ADrainThatItsServerExtendsIsWaitedFor) {
  if (!bash_can("/usr/bin/systemd-notify")) GTEST_SKIP() << "systemd-notify is not installed";
  const std::string script =
      "\"$@\" & server=$!; trap \"/usr/bin/systemd-notify EXTEND_TIMEOUT_USEC=20000000; kill -TERM $server\" "
      "TERM; wait $server; wait $server";
  write_app("command = [\"/bin/sh\", \"-c\", " + json(script).dump() + ", \"sh\", \"" +
            program_path("stub_server") +
            "\", \"--listen\", \"{listen}\", \"--behaviour\", \"drain-takes=8s\"]\nlisten = [\"" + kAddress +
            "\"]\n[drain]\ndeadline = \"1s\"\n");
  ASSERT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  write_app(StubApp{.tables = "[drain]\ndeadline = \"1s\"\n"});
  ChildProcess deploy = start({"deploy", "web", "v2", "--json"});
  await_event(deploy, "instance.draining");
  await("status knows", [&] { return rollctl({"status", "web"}).out.find("cut in 1") != std::string::npos; });
  const Said said = finish(deploy);
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("deploy.finished")["connections_cut"], 0);
  expect_only("v2");
}

TEST_F(SilentTest, AnAppMayHaveMoreAddressesThanAPacketHasRoomFor) {
  StubApp app;
  app.listen.clear();
  for (int i = 0; i < 60; ++i) app.listen.push_back("127.0.0.1:" + std::to_string(8080 + i));
  deploy("v1", app);
  Clients clients("127.0.0.1:8139");
  clients.await_answers(3);
  deploy("v2", app);
  ASSERT_THAT(rollctl({"deploy", "web", "v3", "--canary", "10%"}), ExitsWith(0));
  ASSERT_THAT(rollctl({"abort", "web"}), ExitsWith(0)) << "another rollctl takes the steering over";
  clients.await_answers(3);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v2");
}

}  // namespace rollctl::test
