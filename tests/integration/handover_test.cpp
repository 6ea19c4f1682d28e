// SPDX-License-Identifier: MIT
// How traffic moves: gates, probes, and servers that die while they are steered.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/address.h"
#include "base/fd.h"
#include "support/app_fixture.h"
#include "support/gate_breaches.h"

namespace rollctl::test {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class HandoverTest : public AppTest {
 protected:
  [[nodiscard]] int count_of(const std::string& release, const std::string& event, bool ready,
                             const std::string& detail = {}) const {
    return count_server_events([&](const json& line) {
      return line["release"] == release && line["event"] == event && line["ready"] == ready &&
             (detail.empty() || line["detail"] == detail);
    });
  }
  [[nodiscard]] int client_requests_to(const std::string& release) const {
    return count_of(release, "request", true, "/") + count_of(release, "request", false, "/");
  }
  // Without an answer to a SYN, connect() would retry for minutes.
  static bool may_connect() {
    Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_storage to{};
    const socklen_t size = ListenAddress::parse(kAddress)->endpoint.to_sockaddr(to);
    if (connect(client.get(), reinterpret_cast<sockaddr*>(&to), size) == 0) return true;
    pollfd done{client.get(), POLLOUT, 0};
    return poll(&done, 1, 20) == 1 && (done.revents & (POLLERR | POLLHUP)) == 0;
  }
  // v2 listens and is never ready, then its rollctl is killed: the group stays steered.
  void leave_gated_v2_behind() {
    write_app(
        StubApp{.behaviours = {"never-ready"}, .tables = "[ready]\nkind = \"http\"\npath = \"/readyz\"\n"});
    ChildProcess deploy = start({"deploy", "web", "v2", "--json"});
    await_event(deploy, "instance.started");
    await_listening("v2");
    await("a probe reached it", [&] { return count_of("v2", "request", false, "/readyz") > 0; });
    ASSERT_TRUE(deploy.stop(SIGKILL, kLong));
  }
};

constexpr const char* kHttp = "[ready]\nkind = \"http\"\npath = \"/readyz\"\n";

TEST_F(HandoverTest, AReleaseThatListensBeforeItIsReadyGetsProbesAndNoClient) {
  deploy("v1", {.instances = 2});
  Clients clients;
  Clients more;
  const Said said = try_deploy("v2", {.behaviours = {"ready-after=3s"}, .instances = 2, .tables = kHttp},
                               {"--json", "--batch", "all"});
  clients.await_answers(10);
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_THAT(more.stop(), IsEmpty());
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_GE(said.event("instance.ready")["after_ms"], 3000);
  EXPECT_EQ(count_of("v2", "request", false, "/"), 0);
  EXPECT_GT(count_of("v2", "request", false, "/readyz"), 10);
  EXPECT_EQ(gate_breaches(server_events(), "v2"), 0U);
  EXPECT_GT(client_requests_to("v2"), 0);
}

TEST_F(HandoverTest, EachProbeReachesTheInstanceThatItAsksAbout) {
  deploy("v1", {.instances = 3, .tables = kHttp});
  const int before = count_of("v1", "request", true, "/readyz");
  deploy("v2", {.behaviours = {"ready-after=300ms"}, .instances = 3, .tables = kHttp});
  EXPECT_EQ(count_of("v1", "request", true, "/readyz"), before) << "none was answered by the old release";
  EXPECT_GE(count_of("v2", "request", true, "/readyz"), 3);
}

struct ReadyCase {
  const char* name;
  std::string tables;
};

TEST_F(HandoverTest, EveryKindOfReadinessWorksWithEveryHandover) {
  const ReadyCase kinds[] = {
      {"listen", "[ready]\nkind = \"listen\"\n"},
      {"tcp", "[ready]\nkind = \"tcp\"\n"},
      {"http", kHttp},
      {"http with successes",
       "[ready]\nkind = \"http\"\npath = \"/readyz\"\nsuccesses = 3\ninterval = \"10ms\"\n"},
      {"notify", "[ready]\nkind = \"notify\"\n"},
      {"exec", "[ready]\nkind = \"exec\"\ncommand = [\"/bin/sh\", \"-c\", \"test $ROLL_RELEASE != v0\"]\n"},
  };
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "1"));
  deploy("v0");
  int release = 0;
  for (const char* way : {"steer", "migrate", "plain"}) {
    for (const ReadyCase& kind : kinds) {
      const std::string name = "v" + std::to_string(++release);
      Clients clients;
      const Said said = try_deploy(name, {.behaviours = {"ready-after=100ms"}, .tables = kind.tables},
                                   {"--handover", way, "--json"});
      const auto failures = clients.stop();
      EXPECT_THAT(said, ExitsWith(0)) << way << ", " << kind.name;
      EXPECT_EQ(said.event("deploy.started")["handover"], way);
      if (std::string(way) != "plain") {
        EXPECT_THAT(failures, IsEmpty()) << way << ", " << kind.name;
      }
      expect_only(name);
    }
  }
}

TEST_F(HandoverTest, AProbeMayHaveAnAddressOfItsOwn) {
  const StubApp app{.listen = {kAddress, "127.0.0.1:9090"},
                    .tables = "[ready]\nkind = \"http\"\npath = \"/readyz\"\naddress = \"127.0.0.1:9090\"\n"};
  deploy("v1", app);
  expect_only("v1");
  EXPECT_EQ(count_of("v1", "request", true, "/readyz"), 1);
}

TEST_F(HandoverTest, PlainSaysBeforehandThatItMayLose) {
  deploy("v1");
  const Said said = try_deploy("v2", {}, {"--handover", "plain"});
  EXPECT_THAT(said, AllOf(ExitsWith(0), Complains("warning: plain:"), Complains("may be lost"),
                          Complains("tcp_migrate_req=1")));
  EXPECT_LT(said.err.find("may be lost"), said.err.find("started"));
  const Said json_said = try_deploy("v3", {}, {"--handover", "plain", "--json"});
  EXPECT_THAT(json_said.err, IsEmpty());
  EXPECT_EQ(json_said.event("deploy.started")["handover"], "plain");
}

TEST_F(HandoverTest, MigrateIsRefusedWhereTheKernelDoesNotMigrate) {
  deploy("v1");
  const Said said = try_deploy("v2", {}, {"--handover", "migrate"});
  EXPECT_THAT(said, AllOf(ExitsWith(7), Complains("tcp_migrate_req is 0"), Complains("sysctl -w")));
  expect_only("v1");
  EXPECT_EQ(get()->release, "v1");
}

TEST_F(HandoverTest, AnAppOnMigrateCanBeStoppedWhenTheKernelNoLongerMigrates) {
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "1"));
  deploy("v1", {.keys = "handover = \"migrate\""});
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "0"));
  EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
}

TEST_F(HandoverTest, AServerThatKnowsTheGateIsGatedAlsoWithMigrate) {
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "1"));
  const StubApp gated{.behaviours = {"gate", "ready-after=500ms"}, .tables = "[ready]\nkind = \"notify\"\n"};
  deploy("v1", gated);
  Clients clients;
  const Said said = try_deploy("v2", gated, {"--handover", "migrate", "--json"});
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(count_of("v2", "accept", false), 0) << "it did not listen before it was ready";
  EXPECT_GT(client_requests_to("v2"), 0);
  expect_only("v2");
  deploy("v3", gated);  // steered, where the gate is open from the start
  expect_only("v3");
}

TEST_F(HandoverTest, AServerOfWorkersWithListenersOfTheirOwnIsHandedOver) {
  const StubApp workers{.behaviours = {"workers=3"},
                        .instances = 2,
                        .tables = "[ready]\nkind = \"http\"\npath = \"/readyz\"\n"};
  deploy("v1", workers);
  Clients clients;
  deploy("v2", workers);
  clients.await_answers(10);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v2", 2);
}

TEST_F(HandoverTest, AGroupIsNotSteeredAnyMoreAfterADeploy) {
  deploy("v1");
  deploy("v2");
  // Another member of the group gets its share only if no program keeps it away.
  auto stranger = ChildProcess::spawn(
      {.argv = {program_path("stub_server"), "--listen", kAddress}, .env = {"ROLL_RELEASE=stranger"}});
  ASSERT_TRUE(stranger) << stranger.error().message;
  await("the stranger gets a connection", [&] {
    const auto answer = get();
    return answer && answer->release == "stranger";
  });
  ASSERT_TRUE(stranger->stop(SIGTERM, kLong));
}

// --- With the program attached and rollctl gone ---

TEST_F(HandoverTest, AKilledServerThatItsShimRestartsGetsConnectionsAgainWhileSteered) {
  deploy("v1", {.tables = "[restart]\nbackoff = \"10ms\"\n"});
  leave_gated_v2_behind();
  const json before = instance_of("v1");
  kill_process(before["pid"]);
  await("its shim restarted it", [&] { return instance_of("v1")["restarts"] == 1; });
  await("it gets connections again", [&] {
    const auto answer = get(kAddress, "/", 2s);
    return answer && answer->release == "v1";
  });
  Clients clients;
  clients.await_answers(20);
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_EQ(client_requests_to("v2"), 0);
  EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
  expect_only("v1");
  EXPECT_EQ(get()->release, "v1");
}

TEST_F(HandoverTest, WhenEveryServingInstanceIsDeadNoClientReachesAGatedOne) {
  deploy("v1", {.instances = 2, .tables = "[restart]\npolicy = \"never\"\n"});
  leave_gated_v2_behind();
  for (int instance = 0; instance < 2; ++instance) kill_process(status()["instances"][instance]["pid"]);
  for (int attempt = 0; attempt < 20; ++attempt) {
    EXPECT_FALSE(may_connect()) << "a client was let in";
  }
  EXPECT_EQ(client_requests_to("v2"), 0);
  EXPECT_EQ(gate_breaches(server_events(), "v2"), 0U);
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(3));
  EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
  expect_only("v1", 2);
  EXPECT_EQ(get()->release, "v1");
}

TEST_F(HandoverTest, AnOldServerThatDiesDuringADeployReachesNoUnreadyOne) {
  deploy("v1", {.instances = 2, .tables = "[restart]\nbackoff = \"10ms\"\n"});
  write_app(StubApp{.behaviours = {"ready-after=1s"}, .instances = 2, .tables = kHttp});
  ChildProcess deploy = start({"deploy", "web", "v2", "--json", "--batch", "all"});
  await_event(deploy, "instance.started");
  await_listening("v2");
  kill_process(instance_of("v1")["pid"]);
  Clients clients;
  EXPECT_THAT(finish(deploy), ExitsWith(0));
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_EQ(count_of("v2", "request", false, "/"), 0);
  expect_only("v2", 2);
}

}  // namespace rollctl::test
