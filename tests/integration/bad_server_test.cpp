// SPDX-License-Identifier: MIT
// Broken releases: the old one serves, clients notice nothing, and nothing of the new one is left.
#include <algorithm>
#include <filesystem>

#include "base/address.h"
#include "base/atomic_file.h"
#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class BadServerTest : public AppTest {
 protected:
  void SetUp() override {
    AppTest::SetUp();
    if (IsSkipped()) return;
    deploy("v1", {.instances = 2});
    clients_.emplace();
  }
  void TearDown() override {
    clients_.reset();
    AppTest::TearDown();
  }

  // v2 behaves like that; v1 serves as before.
  Said expect_rolled_back(StubApp v2, std::vector<std::string> options = {}) {
    v2.instances = 2;
    clients_->await_answers(5);
    Said said = try_deploy("v2", v2, std::move(options));
    clients_->await_answers(5);
    EXPECT_LE(clients_->stop().size(), may_lose_);
    EXPECT_THAT(said, ExitsWith(1));
    EXPECT_THAT(said, AllOf(Complains("cannot deploy v2"), Complains("v1 serves as before with 2 instances"),
                            Says("v2 was not deployed")));
    expect_only("v1", 2);
    // A shim that was not told that its end is recorded adds a line of its own.
    const auto events = journal();
    const auto finished = std::find_if(events.rbegin(), events.rend(),
                                       [](const json& event) { return event["event"] == "deploy.finished"; });
    EXPECT_TRUE(finished != events.rend() && (*finished)["outcome"] == "rolled_back");
    return said;
  }
  // Requests of clients; probes request /readyz.
  [[nodiscard]] int client_requests_to(const std::string& release) const {
    return count_server_events([&](const json& event) {
      return event["release"] == release && event["event"] == "request" && event["detail"] == "/";
    });
  }

  std::optional<Clients> clients_;
  size_t may_lose_ = 0;
};

constexpr const char* kHttp = "[ready]\nkind = \"http\"\npath = \"/readyz\"\ndeadline = \"500ms\"\n";
constexpr const char* kOwnAddress =
    "[ready]\nkind = \"http\"\naddress = \"127.0.0.1:{probe_port}\"\ndeadline = \"2s\"\n";
constexpr const char* kNotify = "[ready]\nkind = \"notify\"\ndeadline = \"500ms\"\n";

// Answers "200 OK" at the probe port of each new server as soon as that port is known.
class Squatter {
 public:
  explicit Squatter(std::string servers) : servers_(std::move(servers)), thread_([this] { run(); }) {}
  ~Squatter() {
    stopping_ = true;
    thread_.join();
  }
  Squatter(const Squatter&) = delete;
  Squatter& operator=(const Squatter&) = delete;
  [[nodiscard]] int asked() const { return asked_; }

 private:
  void run() {
    while (!stopping_) {
      for (const Resident& server : residents_called(servers_)) take_port_of(server.id.pid);
      for (const Fd& listener : listeners_) answer(listener);
    }
  }

  void take_port_of(pid_t pid) {
    static const std::string kName = "PROBE_PORT=";
    const auto environment = read_file("/proc/" + std::to_string(pid) + "/environ");
    const size_t place = environment ? environment->find(kName) : std::string::npos;
    if (place == std::string::npos) return;
    const Endpoint port{IpAddress::v4(INADDR_LOOPBACK),
                        static_cast<uint16_t>(std::stoi(environment->substr(place + kName.size())))};
    sockaddr_storage storage{};
    const socklen_t length = port.to_sockaddr(storage);
    Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0 &&
        ::listen(listener.get(), 16) == 0)
      listeners_.push_back(std::move(listener));
  }

  void answer(const Fd& listener) {
    const Fd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return;
    ++asked_;
    (void)write_all(client.get(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }

  std::string servers_;
  std::vector<Fd> listeners_;
  std::atomic<int> asked_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

TEST_F(BadServerTest, OneForWhichSomebodyElseAnswers) {
  const Squatter squatter("stub_server");
  const Said said =
      expect_rolled_back({.keys = "env = { PROBE_PORT = \"{probe_port}\" }", .tables = kOwnAddress});
  EXPECT_THAT(said, Complains("is held by rollctl_bad_ser"));
  EXPECT_THAT(said, Complains("which is no process of instance 3"));
  EXPECT_EQ(squatter.asked(), 0);
}

TEST_F(BadServerTest, OneThatExitsAtOnce) {
  const Said said = expect_rolled_back({.behaviours = {"exit=3"}});
  EXPECT_THAT(said, Complains("the server exited with 3"));
}

TEST_F(BadServerTest, OneThatIsKilledAtOnce) {
  EXPECT_THAT(expect_rolled_back({.behaviours = {"signal=SIGSEGV"}}), Complains("SIGSEGV"));
}

TEST_F(BadServerTest, OneThatSaysWhyInItsLogIsQuoted) {
  const Said said = expect_rolled_back({.behaviours = {"no-reuseport"}});
  EXPECT_THAT(said, AllOf(Complains("cannot bind 127.0.0.1:8080: Address already in use"),
                          Complains("the last lines that instance")));
}

TEST_F(BadServerTest, OneThatNeverGetsReady) {
  const Said said = expect_rolled_back({.behaviours = {"never-ready"}, .tables = kHttp});
  EXPECT_THAT(said, AllOf(Complains("not ready after 500 ms"), Complains("503")));
  EXPECT_EQ(client_requests_to("v2"), 0);
}

TEST_F(BadServerTest, OneThatNeverNotifies) {
  EXPECT_THAT(expect_rolled_back({.behaviours = {"never-ready"}, .tables = kNotify}), Complains("READY=1"));
}

TEST_F(BadServerTest, OneThatClosesItsNotifySocket) {
  EXPECT_THAT(expect_rolled_back({.behaviours = {"notify-silent"}, .tables = kNotify}), Complains("READY=1"));
}

TEST_F(BadServerTest, OneThatNeverListens) {
  EXPECT_THAT(expect_rolled_back({.behaviours = {"never-listen"}}, {"--ready-deadline", "500ms"}),
              Complains("does not listen on 127.0.0.1:8080"));
}

TEST_F(BadServerTest, OneThatIsReadyWithoutAPort) {
  EXPECT_THAT(expect_rolled_back({.behaviours = {"ready-without-port"}, .tables = kNotify}),
              Complains("does not listen on 127.0.0.1:8080"));
}

TEST_F(BadServerTest, OneThatAnswersGarbageToTheProbe) {
  const Said said = expect_rolled_back(
      {.behaviours = {"answer=garbage"}, .tables = "[ready]\nkind = \"http\"\ndeadline = \"500ms\"\n"});
  EXPECT_EQ(client_requests_to("v2"), count_server_events([](const json& event) {
              return event["release"] == "v2" && event["event"] == "request";
            }))
      << "only probes";
  EXPECT_THAT(said, Complains("not ready after"));
}

TEST_F(BadServerTest, OneThatAcceptsNothing) {
  expect_rolled_back({.behaviours = {"accept-nothing"}, .tables = kHttp});
  EXPECT_EQ(client_requests_to("v2"), 0);
}

TEST_F(BadServerTest, OneThatForksAndExits) {
  EXPECT_THAT(expect_rolled_back({.behaviours = {"daemonize"}}), Complains("stay in the foreground"));
}

TEST_F(BadServerTest, OneThatDiesBetweenReadyAndTheShift) {
  // Both die while one is ready and waits for the other.
  const Said said = expect_rolled_back(
      {.behaviours = {"exit-after=500ms:9"},
       .tables = "[ready]\nkind = \"exec\"\ncommand = [\"/bin/sh\", \"-c\", \"test $ROLL_INSTANCE = 3\"]\n"},
      {"--batch", "all"});
  EXPECT_THAT(said, AllOf(Complains("exited with 9"), Complains("instance 3: ready after")));
  EXPECT_EQ(client_requests_to("v2"), 0);
}

TEST_F(BadServerTest, OneThatDiesWhileItBakes) {
  may_lose_ = 1;  // the open connection of the only client
  const Said said =
      expect_rolled_back({.behaviours = {"exit-after=400ms:9", "drain-takes=0s"}, .tables = kHttp},
                         {"--bake", "30s", "--ready-deadline", "10s"});
  EXPECT_THAT(said, Complains("exited with 9"));
}

// The first dies before the second is ready.
TEST_F(BadServerTest, OneThatDiesWhileTheNextOneStarts) {
  may_lose_ = 1;  // the open connection of the only client
  const Said said =
      expect_rolled_back({.behaviours = {"ready-after=600ms", "exit-after=300ms:9", "drain-takes=0s"},
                          .tables = "[ready]\nkind = \"http\"\npath = \"/readyz\"\n"
                                    "deadline = \"20s\"\n[restart]\npolicy = \"never\"\n"});
  EXPECT_THAT(said, Complains("exited with 9"));
  for (const json& event : journal()) {
    if (event["event"] == "traffic.shifted") {
      EXPECT_NE(event["out"], json::array({2})) << "a healthy instance left";
    }
  }
}

TEST_F(BadServerTest, OneThatTurnsUnreadyWhileItBakes) {
  const Said said = expect_rolled_back({.behaviours = {"unready-after=400ms"}, .tables = kHttp},
                                       {"--bake", "30s", "--ready-deadline", "10s"});
  EXPECT_THAT(said, Complains("503"));
}

TEST_F(BadServerTest, OneThatIgnoresSigtermWhenItIsTakenBackIsKilled) {
  const Said said = expect_rolled_back({.behaviours = {"never-ready", "ignore-term"}, .tables = kNotify},
                                       {"--drain-deadline", "300ms"});
  EXPECT_THAT(said, Complains("READY=1"));
}

TEST_F(BadServerTest, OneThatFloodsItsLogIsReadyAllTheSame) {
  write_app(StubApp{.behaviours = {"log=5000000"}, .instances = 2});
  EXPECT_THAT(rollctl({"deploy", "web", "v2"}), ExitsWith(0));
  EXPECT_THAT(clients_->stop(), IsEmpty());
  expect_only("v2", 2);
  const Said logs = rollctl({"logs", "web", "-n", "3"});
  EXPECT_EQ(std::count(logs.out.begin(), logs.out.end(), '\n'), 3);
}

TEST_F(BadServerTest, OneThatFloodsItsLogAndFailsIsQuotedInBrief) {
  const Said said = expect_rolled_back({.behaviours = {"log=5000000", "never-ready"}, .tables = kNotify});
  EXPECT_LT(said.err.size(), 5000U);
  EXPECT_THAT(said, Complains("stub_server fills its log"));
}

TEST_F(BadServerTest, AHookThatFailsBeforeTheDeployChangesNothing) {
  const Said said = expect_rolled_back({.tables = "[hooks]\nbefore_deploy = [\"/bin/false\"]\n"});
  EXPECT_THAT(said, AllOf(Complains("hook before_deploy failed"), Complains("/bin/false exited with 1")));
  EXPECT_EQ(count_server_events([](const json& event) { return event["release"] == "v2"; }), 0);
}

TEST_F(BadServerTest, AHookThatFailsAfterTheShiftTakesItBack) {
  EXPECT_THAT(expect_rolled_back({.tables = "[hooks]\nafter_shift = [\"/bin/false\"]\n"}),
              Complains("hook after_shift failed"));
}

TEST_F(BadServerTest, AFailureIsOneErrorObjectWithTheLogInJson) {
  write_app(StubApp{.behaviours = {"no-reuseport"}, .instances = 2});
  const Said said = rollctl({"deploy", "web", "v2", "--json"});
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_THAT(said.err, IsEmpty());
  EXPECT_EQ(said.event("deploy.finished")["outcome"], "rolled_back");
  const json error = said.event("error");
  EXPECT_EQ(error["exit"], 1);
  EXPECT_THAT(error["log"].dump(), HasSubstr("Address already in use"));
  EXPECT_THAT(clients_->stop(), IsEmpty());
}

// --- Failures after the first readiness ---

class LaterTest : public AppTest {};

TEST_F(LaterTest, AServerThatIgnoresSigtermIsCutAtTheDrainDeadline) {
  deploy("v1", {.behaviours = {"ignore-term"}});
  const auto client = connect_client();
  ASSERT_TRUE(client);
  const Said said = try_deploy("v2", {}, {"--drain-deadline", "300ms", "--json"});
  EXPECT_THAT(said, ExitsWith(0));
  const json drained = said.event("instance.drained");
  EXPECT_EQ(drained["exit"], json({{"signal", "SIGKILL"}}));
  EXPECT_EQ(drained["connections_cut"], 1);
  EXPECT_EQ(said.event("deploy.finished")["connections_cut"], 1);
  expect_only("v2");
}

TEST_F(LaterTest, ConnectionsCutMakeAStrictDeployExitWithFour) {
  deploy("v1", {.behaviours = {"ignore-term"}});
  const auto client = connect_client();
  ASSERT_TRUE(client);
  const Said said = try_deploy("v2", {}, {"--drain-deadline", "300ms", "--strict"});
  EXPECT_THAT(said, AllOf(ExitsWith(4), Complains("1 connection cut"), Says("1 connection cut")));
  expect_only("v2");
}

TEST_F(LaterTest, AStrictDeployThatCutsNothingExitsWithZero) {
  deploy("v1", {.behaviours = {"ignore-term"}});
  EXPECT_THAT(try_deploy("v2", {}, {"--drain-deadline", "300ms", "--strict"}), ExitsWith(0));
}

TEST_F(LaterTest, AServerThatDiesAfterTheDeployIsRestartedAndServesAgain) {
  deploy("v1", {.tables = "[restart]\nbackoff = \"10ms\"\n"});
  const json before = instance_of("v1");
  kill_process(before["pid"]);
  await("the restarted server serves", [&] {
    const json now = instance_of("v1");
    return now["restarts"] == 1 && now["state"] == "serving";
  });
  EXPECT_NE(instance_of("v1")["pid"], before["pid"]);
  EXPECT_EQ(get()->release, "v1");
  std::vector<std::string> names;
  for (const json& event : journal()) names.push_back(event["event"]);
  EXPECT_THAT(names, testing::IsSupersetOf({"instance.exited", "instance.restarted"}));
}

TEST_F(LaterTest, AServerThatDiesAgainAndAgainIsGivenUpAndStatusSaysSo) {
  // It dies at its second and every later start.
  write(path("server.sh"), "#!/bin/sh\n[ -e " + path("once") + " ] && exit 7\n: > " + path("once") +
                               "\nexec " + program_path("stub_server") + " \"$@\"\n");
  chmod(path("server.sh").c_str(), 0755);
  write_app("command = [\"" + path("server.sh") +
            "\", \"--listen\", \"{listen}\"]\nlisten = [\"127.0.0.1:8080\"]\n"
            "[restart]\nbackoff = \"1ms\"\nmax_backoff = \"1ms\"\ngive_up = 3\n");
  ASSERT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  kill_process(instance_of("v1")["pid"]);
  await("given up", [&] { return instance_of("v1")["state"] == "failed"; });
  const Said said = rollctl({"status", "web"});
  EXPECT_THAT(said, AllOf(ExitsWith(3), Says("0 of 1 instance"), Says("failed")));
  // `start` replaces it.
  std::filesystem::remove(path("once"));
  EXPECT_THAT(rollctl({"start", "web"}), ExitsWith(0));
  expect_only("v1");
  EXPECT_EQ(get()->status, 200);
}

}  // namespace rollctl::test
