// SPDX-License-Identifier: MIT
// rollctl where servers may not be looked at, or their listeners not taken: root with the capabilities that
// Docker leaves by default, its seccomp filter, servers that are not dumpable.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "support/app_fixture.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr uid_t kUser = 65'534;
constexpr int kClients = 16;

class ContainerTest : public AppTest {
 protected:
  // `docker run`, without its seccomp filter.
  static std::vector<std::string> docker() {
    return {
        "setpriv",
        "--bounding-set=-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,"
        "+setpcap,+net_bind_service,+sys_chroot,+kill,+audit_write"};
  }
  static std::vector<std::string> docker_with_its_filter() {
    std::vector<std::string> command = docker();
    command.insert(command.begin(), program_path("refuse_taking"));
    return command;
  }
  void let_servers_report() const {
    write(path("servers.jsonl"), ""), chmod(path("servers.jsonl").c_str(), 0666);
  }

  static StubApp opening(std::vector<std::string> behaviours = {}) {
    return {.behaviours = std::move(behaviours), .keys = "user = \"nobody\"\n"};
  }
  static StubApp inheriting(std::vector<std::string> behaviours = {}) {
    behaviours.emplace_back("inherit");
    return {.behaviours = std::move(behaviours), .keys = "user = \"nobody\"\nsocket = \"inherit\"\n"};
  }

  // A deploy, another one, a rollback: the first with nobody there, the others under clients that never
  // retry. Returns what these complained of.
  std::vector<std::string> roll(const StubApp& stub, const char* handover = "steer") {
    const Said first = try_deploy("v1", stub);
    EXPECT_THAT(first, ExitsWith(0));
    if (first.exit != ChildExit::with_code(0)) return {"nothing serves"};
    std::vector<std::unique_ptr<Clients>> clients;
    for (int i = 0; i < kClients; ++i) clients.push_back(std::make_unique<Clients>(kAddress));
    const auto answer = [&] {
      for (const auto& client : clients) client->await_answers(2);
    };
    answer();
    EXPECT_THAT(try_deploy("v2", stub), AllOf(ExitsWith(0), Complains(std::string("handover ") + handover)));
    answer();
    EXPECT_THAT(rollctl({"rollback", "web"}), ExitsWith(0));
    answer();
    std::vector<std::string> failures;
    for (const auto& client : clients)
      for (std::string& failure : client->stop()) failures.push_back(std::move(failure));
    expect_only("v1");
    EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
    return failures;
  }
};

TEST_F(ContainerTest, RootRollsServersOfAnotherUser) {
  run_below(docker());
  let_servers_report();
  write_app(opening());
  EXPECT_THAT(rollctl({"check", "web"}), AllOf(ExitsWith(0), Says("handover: steer")));
  EXPECT_THAT(roll(opening()), IsEmpty());
}

TEST_F(ContainerTest, RootRollsServersOfAnotherUserWithWorkers) {
  run_below(docker());
  let_servers_report();
  EXPECT_THAT(roll(opening({"workers=3"})), IsEmpty());
}

TEST_F(ContainerTest, RootRollsServersOfItsOwn) {
  run_below(docker());
  EXPECT_THAT(roll({}), IsEmpty());
}

TEST_F(ContainerTest, RootRollsServersThatInherit) {
  run_below(docker());
  let_servers_report();
  EXPECT_THAT(roll(inheriting()), IsEmpty());
}

TEST_F(ContainerTest, ProbesReachTheInstanceOfAnotherUser) {
  run_below(docker());
  let_servers_report();
  StubApp stub = opening({"ready-after=50ms"});
  stub.tables = "[ready]\nkind = \"http\"\npath = \"/readyz\"\n";
  EXPECT_THAT(roll(stub), IsEmpty());
  stub.keys += "handover = \"plain\"\n";
  EXPECT_THAT(try_deploy("v3", stub), ExitsWith(0));
  EXPECT_THAT(try_deploy("v4", stub), AllOf(ExitsWith(0), Complains("handover plain")));
}

TEST_F(ContainerTest, AServerOfAnotherUserComesBackAfterACrash) {
  run_below(docker());
  let_servers_report();
  deploy("v1", opening());
  kill_process(instance_of("v1").at("pid").get<int>());
  await("it serves again", [&] {
    const json instance = instance_of("v1");
    return instance.at("state") == "serving" && instance.at("restarts") == 1;
  });
}

TEST_F(ContainerTest, WhereNothingCanBeTakenItSaysSoAndRollsPlainly) {
  run_below(docker_with_its_filter());
  let_servers_report();
  write_app(opening());
  const auto says_why = AllOf(Complains("pidfd_getfd(2) is not allowed here"), Complains("SYS_PTRACE"),
                              Complains("socket = \"inherit\""));
  EXPECT_THAT(rollctl({"check", "web"}), AllOf(ExitsWith(0), Says("handover: plain"), says_why));
  for (const char* release : {"v1", "v2"})
    EXPECT_THAT(try_deploy(release, opening()), AllOf(ExitsWith(0), Complains("handover plain"), says_why));
  expect_only("v2");
  EXPECT_THAT(rollctl({"deploy", "web", "v3", "--handover", "steer"}),
              AllOf(Not(ExitsWith(0)), Complains("handover \"steer\" is not possible here"), says_why));
  EXPECT_EQ(count_server_events([](const json& event) { return event["release"] == "v3"; }), 0)
      << "nothing is started for it";
}

TEST_F(ContainerTest, WhereNothingCanBeTakenTheKernelMayMigrate) {
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "1"));
  run_below(docker_with_its_filter());
  let_servers_report();
  for (const char* release : {"v1", "v2"})
    EXPECT_THAT(try_deploy(release, opening()), AllOf(ExitsWith(0), Complains("handover migrate")));
}

TEST_F(ContainerTest, WhereNothingCanBeTakenInheritedSocketsAreSteered) {
  run_below(docker_with_its_filter());
  let_servers_report();
  EXPECT_THAT(roll(inheriting()), IsEmpty());
}

// --- Servers that are not dumpable ---

class HiddenServerTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) return;
    run_as(kUser);
    fs::copy_file(program_path("stub_server"), path("hidden"));
    ASSERT_EQ(chmod(path("hidden").c_str(), 0711), 0);
  }
  // That its user may execute, but not read.
  [[nodiscard]] std::string unreadable(const std::string& keys, const std::string& behaviour) const {
    return "command = [\"" + path("hidden") + "\", \"--listen\", \"{listen}\", \"--behaviour\", \"" +
           behaviour + "\"]\nlisten = [\"" + kAddress + "\"]\n" + keys;
  }
};

TEST_F(HiddenServerTest, AProgramThatMayNotBeReadIsRefusedBeforeItStarts) {
  write_app(unreadable("", "backlog=64"));
  const auto says_why = AllOf(Complains("may be executed but not read"), Complains("socket = \"inherit\""));
  EXPECT_THAT(rollctl({"check", "web"}), AllOf(Not(ExitsWith(0)), says_why));
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), AllOf(Not(ExitsWith(0)), says_why));
  EXPECT_FALSE(fs::exists(path("log/web/1.log"))) << "it was started";
}

TEST_F(HiddenServerTest, AServerThatHidesIsRefusedAtOnce) {
  const auto begin = std::chrono::steady_clock::now();
  StubApp stub{.behaviours = {"hide"}};
  stub.tables = "[ready]\ndeadline = \"60s\"\n";
  EXPECT_THAT(try_deploy("v1", stub),
              AllOf(ExitsWith(1), Complains("which is not dumpable"), Complains("socket = \"inherit\"")));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kLong);
}

TEST_F(HiddenServerTest, InheritedSocketsAreSteered) {
  write_app(unreadable("socket = \"inherit\"\n", "inherit"));
  EXPECT_THAT(rollctl({"check", "web"}), AllOf(ExitsWith(0), Says("handover: steer")));
  EXPECT_THAT(roll({.behaviours = {"hide", "inherit"}, .keys = "socket = \"inherit\"\n"}), IsEmpty());
}

// Without steering nobody can tell which instance has accepted a connection.
TEST_F(HiddenServerTest, AProbeThatCannotReachItForSureIsRefusedAtOnce) {
  const auto begin = std::chrono::steady_clock::now();
  StubApp stub{.behaviours = {"hide", "inherit"}, .keys = "socket = \"inherit\"\nhandover = \"plain\"\n"};
  stub.tables = "[ready]\nkind = \"http\"\npath = \"/readyz\"\ndeadline = \"60s\"\n";
  EXPECT_THAT(try_deploy("v1", stub),
              AllOf(ExitsWith(1), Complains("which is not dumpable"), Complains("ready.address")));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kLong);
}

TEST_F(HiddenServerTest, InheritedSocketsAreServedAgainAfterACrash) {
  deploy("v1", {.behaviours = {"hide", "inherit"}, .keys = "socket = \"inherit\"\n"});
  kill_process(instance_of("v1").at("pid").get<int>());
  await("it serves again", [&] {
    const json instance = instance_of("v1");
    return instance.at("state") == "serving" && instance.at("restarts") == 1;
  });
  EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(0));
}

TEST_F(HiddenServerTest, ItsConnectionsAreCounted) {
  deploy("v1", {.behaviours = {"hide", "inherit"}, .keys = "socket = \"inherit\"\n"});
  const auto client = connect_client();
  ASSERT_TRUE(client);
  await("it is counted", [&] { return instance_of("v1").at("connections") == 1; });
}

}  // namespace
}  // namespace rollctl::test
