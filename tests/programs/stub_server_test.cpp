// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/fd.h"
#include "support/child_process.h"
#include "support/json_lines.h"
#include "support/net_namespace.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kPatience = 20s;
constexpr uint16_t kPort = 8080;

sockaddr_in loopback() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A connected socket; none when it was refused.
Fd connect_to_server() {
  Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback();
  if (connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) return {};
  return client;
}

std::string get(const std::string& path) {
  Fd client = connect_to_server();
  if (!client) return "refused";
  auto asked = write_all(client.get(), "GET " + path + " HTTP/1.1\r\nConnection: close\r\n\r\n");
  auto answer = read_all(client.get(), 1 << 20);
  return asked && answer ? *answer : "lost";
}

class StubServerTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped()) return;
    char folder[] = "/tmp/stub_server_test.XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    notify_path_ = folder_ + "/notify";
    notify_path_.copy(address.sun_path, sizeof address.sun_path - 1);
    notifications_ = Fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(notifications_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] ChildSpec spec(const std::vector<std::string>& behaviours) const {
    ChildSpec result{
        .argv = {program_path("stub_server"), "--listen", "127.0.0.1:8080", "--count-file", events_path()}};
    for (const auto& behaviour : behaviours)
      result.argv.insert(result.argv.end(), {"--behaviour", behaviour});
    result.env = {"NOTIFY_SOCKET=" + notify_path_, "ROLL_RELEASE=v1", "ROLL_INSTANCE=12"};
    return result;
  }

  ChildProcess start(const ChildSpec& spec) {
    auto child = ChildProcess::spawn(spec);
    EXPECT_TRUE(child) << child.error().message;
    return std::move(*child);
  }

  // The next notification.
  std::string notified() const {
    pollfd polled{notifications_.get(), POLLIN, 0};
    char buffer[256];
    if (poll(&polled, 1, std::chrono::milliseconds(kPatience).count()) <= 0) return "nothing";
    ssize_t got = recv(notifications_.get(), buffer, sizeof buffer, 0);
    return got > 0 ? std::string(buffer, static_cast<size_t>(got)) : "error";
  }
  [[nodiscard]] bool was_notified() const {
    pollfd polled{notifications_.get(), POLLIN, 0};
    return poll(&polled, 1, 0) > 0;
  }

  [[nodiscard]] std::string events_path() const { return folder_ + "/events"; }
  [[nodiscard]] std::vector<json> events(const std::string& name = {}) const {
    std::vector<json> result;
    Fd file(open(events_path().c_str(), O_RDONLY | O_CLOEXEC));
    auto text = read_all(file.get(), 1 << 24);
    if (!text) return result;
    for (json& event : json_lines(*text))
      if (name.empty() || event["event"] == name) result.push_back(std::move(event));
    return result;
  }
  // The file itself cannot be waited for: it is on a disk.
  [[nodiscard]] bool await_events(const std::string& name, size_t count) const {
    auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (events(name).size() < count) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  [[nodiscard]] std::vector<std::string> event_names() const {
    std::vector<std::string> names;
    for (const auto& event : events()) names.push_back(event["event"]);
    return names;
  }

  std::string folder_;
  std::string notify_path_;
  Fd notifications_;
};

TEST_F(StubServerTest, IsGoodByDefault) {
  auto server = start(spec({}));
  EXPECT_EQ(notified(), "READY=1\n");
  EXPECT_THAT(get("/readyz"), HasSubstr("HTTP/1.1 200 OK"));
  EXPECT_THAT(get("/"), HasSubstr("X-Release: v1\r\nX-Instance: 12\r\n"));
  EXPECT_EQ(*server.stop(SIGTERM, kPatience), ChildExit::with_code(0));
  EXPECT_EQ(notified(), "STOPPING=1\n");
  EXPECT_THAT(event_names(), ElementsAre("start", "listen", "ready", "accept", "request", "answered",
                                         "accept", "request", "answered", "term", "exit"));
}

TEST_F(StubServerTest, AnswersWhatIsOutstandingBeforeItExits) {
  auto server = start(spec({"answer-after=100ms"}));
  notified();
  Fd client = connect_to_server();
  ASSERT_TRUE(write_all(client.get(), "GET /slow HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(await_events("request", 1));
  ASSERT_TRUE(server.send_signal(SIGTERM));
  EXPECT_THAT(*read_all(client.get(), 10000), HasSubstr("Connection: close"));
  client.reset();
  EXPECT_EQ(*server.wait(kPatience), ChildExit::with_code(0));
}

TEST_F(StubServerTest, ListensBeforeItIsReady) {
  auto server = start(spec({"ready-after=1h"}));
  ASSERT_TRUE(await_events("listen", 1));
  EXPECT_THAT(get("/readyz"), HasSubstr("HTTP/1.1 503"));
  EXPECT_THAT(get("/index.html"), HasSubstr("HTTP/1.1 200"));
  EXPECT_FALSE(was_notified());
  EXPECT_EQ(events("request").back()["ready"], false);
  EXPECT_EQ(events("request").back()["detail"], "/index.html");
}

TEST_F(StubServerTest, BecomesUnready) {
  auto server = start(spec({"unready-after=1ms"}));
  notified();
  ASSERT_TRUE(await_events("unready", 1));
  EXPECT_THAT(get("/readyz"), HasSubstr("HTTP/1.1 503"));
}

TEST_F(StubServerTest, MayBeReadyWithoutAPort) {
  auto server = start(spec({"ready-without-port"}));
  EXPECT_EQ(notified(), "READY=1\n");
  EXPECT_EQ(get("/"), "refused");
}

TEST_F(StubServerTest, MayLetAChildNotify) {
  auto server = start(spec({"notify-from-child", "status=warm"}));
  EXPECT_EQ(notified(), "READY=1\nSTATUS=warm");
}

TEST_F(StubServerTest, MayLeaveTheNotifySocketUnused) {
  auto server = start(spec({"notify-silent"}));
  ASSERT_TRUE(await_events("ready", 1));
  EXPECT_THAT(get("/readyz"), HasSubstr("HTTP/1.1 200"));
  EXPECT_FALSE(was_notified());
}

TEST_F(StubServerTest, ListensOnlyWhenTheGateOpens) {
  auto gate = make_pipe();
  ASSERT_TRUE(gate);
  auto gated = spec({"gate"});
  gated.fds = {{gate->read.get(), 7}};
  gated.env.emplace_back("ROLL_GATE_FD=7");
  auto server = start(gated);
  EXPECT_EQ(notified(), "READY=1\n");
  EXPECT_EQ(get("/"), "refused");
  gate->write.reset();
  ASSERT_TRUE(await_events("listen", 1));
  EXPECT_THAT(get("/"), HasSubstr("200 OK"));
}

TEST_F(StubServerTest, TakesTheListenersThatItIsGiven) {
  Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback();
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener.get(), 10), 0);
  auto inheriting = spec({"inherit"});
  // LISTEN_PID is the server's own pid, which exec keeps.
  inheriting.argv.insert(inheriting.argv.begin(), {"sh", "-c", "LISTEN_PID=$$ exec \"$@\"", "sh"});
  inheriting.env.emplace_back("LISTEN_FDS=1");
  inheriting.fds = {{listener.get(), 3}};
  auto server = start(inheriting);
  listener.reset();
  EXPECT_EQ(notified(), "READY=1\n");
  EXPECT_THAT(get("/"), HasSubstr("200 OK"));
}

TEST_F(StubServerTest, MayServeWithWorkers) {
  auto server = start(spec({"workers=2"}));
  EXPECT_EQ(notified(), "READY=1\n");
  auto listening = events("listen");
  ASSERT_EQ(listening.size(), 2U);
  EXPECT_NE(listening[0]["pid"], listening[1]["pid"]);
  EXPECT_THAT(get("/"), HasSubstr("200 OK"));
  EXPECT_EQ(*server.stop(SIGTERM, kPatience), ChildExit::with_code(0));
  EXPECT_EQ(get("/"), "refused");
}

TEST_F(StubServerTest, TakesItsWorkersAlongWhenItIsKilled) {
  auto server = start(spec({"workers=2"}));
  notified();
  std::vector<ProcessRef> workers;
  for (const auto& event : events("listen"))
    workers.push_back(std::move(*ProcessRef::open(event["pid"].get<pid_t>())));
  ASSERT_TRUE(server.stop(SIGKILL, kPatience));
  for (const auto& worker : workers) {
    pollfd polled{worker.fd(), POLLIN, 0};
    EXPECT_EQ(poll(&polled, 1, std::chrono::milliseconds(kPatience).count()), 1);
  }
}

TEST_F(StubServerTest, MayGoToTheBackground) {
  auto server = start(spec({"daemonize"}));
  EXPECT_EQ(*server.wait(kPatience), ChildExit::with_code(0));
  EXPECT_EQ(notified(), "READY=1\n");
  EXPECT_THAT(get("/"), HasSubstr("200 OK"));
  auto daemon = ProcessRef::open(events("listen")[0]["pid"].get<pid_t>());
  ASSERT_TRUE(daemon);
  EXPECT_TRUE(daemon->send_signal(SIGKILL));
}

TEST_F(StubServerTest, MayRefuseToShareItsPort) {
  auto alone = start(spec({"no-reuseport"}));
  notified();
  auto second = run_child(spec({}), kPatience);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->exit, ChildExit::with_code(1));
  EXPECT_THAT(second->errors, HasSubstr("cannot bind 127.0.0.1:8080: Address already in use"));
}

TEST_F(StubServerTest, MayListenElsewhere) {
  auto server = start(spec({"listen-on=127.0.0.1:8081"}));
  notified();
  EXPECT_EQ(get("/"), "refused");
  EXPECT_EQ(events("listen")[0]["detail"], "127.0.0.1:8081");
}

TEST_F(StubServerTest, FillsItsLog) {
  auto filled = spec({"log=300000", "exit=0"});
  auto result = run_child(filled, kPatience);
  ASSERT_TRUE(result);
  EXPECT_GE(result->output.size(), 300000U);
}

TEST_F(StubServerTest, LimitsTheRateOfItsBodies) {
  auto server = start(spec({"rate=100000"}));
  notified();
  auto before = std::chrono::steady_clock::now();
  EXPECT_GT(get("/bytes/20000").size(), 20000U);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 150ms);
}

TEST_F(StubServerTest, IgnoresWhatItIsToldToIgnore) {
  auto server = start(spec({"ignore-term"}));
  notified();
  for (int signal : {SIGTERM, SIGINT, SIGQUIT}) ASSERT_TRUE(server.send_signal(signal));
  ASSERT_TRUE(await_events("term", 3));
  EXPECT_THAT(get("/"), HasSubstr("200 OK"));
}

struct Ending {
  const char* behaviour;
  int signal;  // sent once ready; 0: none
  ChildExit exit;
};

class StubServerEndingTest : public StubServerTest, public testing::WithParamInterface<Ending> {};

INSTANTIATE_TEST_SUITE_P(
    Each, StubServerEndingTest,
    testing::Values(Ending{"exit=3", 0, {3, 0}}, Ending{"signal=SIGSEGV", 0, {-1, SIGSEGV}},
                    Ending{"exit-after=1ms", 0, {1, 0}}, Ending{"exit-after=1ms:0", 0, {0, 0}},
                    Ending{"abort-after=1ms", 0, {-1, SIGABRT}}, Ending{"exit-on-term=9", SIGTERM, {9, 0}},
                    Ending{"naive", SIGTERM, {0, 0}}, Ending{"drain-on=SIGUSR1", SIGUSR1, {0, 0}},
                    Ending{"drain-on=SIGUSR1", SIGTERM, {0, 0}}, Ending{"drain-takes=20ms", SIGTERM, {0, 0}},
                    Ending{"nonsense", 0, {2, 0}}, Ending{"exit", 0, {2, 0}}, Ending{"exit=x", 0, {2, 0}},
                    Ending{"naive=1", 0, {2, 0}}));

TEST_P(StubServerEndingTest, IsTheOneAskedFor) {
  auto server = start(spec({GetParam().behaviour}));
  if (GetParam().signal != 0) {
    EXPECT_EQ(notified(), "READY=1\n");
    ASSERT_TRUE(server.send_signal(GetParam().signal));
  }
  auto exit = server.wait(kPatience);
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_EQ(*exit, GetParam().exit) << GetParam().behaviour;
}

TEST_F(StubServerTest, ListsEachBehaviourInItsHelp) {
  auto result = run_child({.argv = {program_path("stub_server"), "--help"}}, kPatience);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit, ChildExit::with_code(0));
  for (const char* name : {"exit=CODE", "ignore-term", "workers=N", "answer=KIND"})
    EXPECT_THAT(result->output, HasSubstr(name));
}

}  // namespace
}  // namespace rollctl::test
