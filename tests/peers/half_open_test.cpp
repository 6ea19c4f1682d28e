// SPDX-License-Identifier: MIT
// Handshakes that clients have not finished when the traffic moves away from the server that answered their
// SYN.
#include <poll.h>
#include <sys/socket.h>

#include <cstdlib>

#include "base/address.h"
#include "support/app_fixture.h"

namespace rollctl::test {
namespace {

constexpr const char* kSlowClients = "127.0.0.9";
constexpr int kClients = 50;

class SlowClientsTest : public AppTest {
 protected:
  static std::string nft(const std::string& commands) {
    const auto ran = run_child({.argv = {"nft", commands}}, kLong);
    if (!ran) {
      ADD_FAILURE() << ran.error().message;
      return {};
    }
    EXPECT_EQ(ran->exit, ChildExit::with_code(0)) << ran->errors;
    return ran->output;
  }
  // Of the handshakes of slow clients the last ACK is lost, and again when the server repeats its SYN-ACK.
  static void hold_back_acks() {
    nft(std::string("add table ip hold; add chain ip hold in { type filter hook input priority 0; }; "
                    "add rule ip hold in ip saddr ") +
        kSlowClients + " tcp dport 8080 tcp flags & (syn | ack) == ack counter drop");
  }
  static int held_back() {
    const std::string table = nft("list table ip hold");
    const std::string before = "counter packets ";
    const size_t at = table.find(before);
    return at == std::string::npos ? 0 : std::atoi(table.c_str() + at + before.size());
  }
  static void let_acks_through() { nft("delete table ip hold"); }

  // To the client a connection is open as soon as its SYN is answered.
  static Fd begin_handshake() {
    Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage address{};
    socklen_t size = ListenAddress::parse(std::string(kSlowClients) + ":1")->endpoint.to_sockaddr(address);
    reinterpret_cast<sockaddr_in*>(&address)->sin_port = 0;
    EXPECT_EQ(bind(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    size = ListenAddress::parse(kAddress)->endpoint.to_sockaddr(address);
    EXPECT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    return client;
  }

  // v1 serves, and all of them are half-way through their handshakes with it.
  [[nodiscard]] std::vector<Fd> serve_slow_clients(const StubApp& app) const {
    deploy("v1", app);
    hold_back_acks();
    std::vector<Fd> clients;
    for (int i = 0; i < kClients; ++i) clients.push_back(begin_handshake());
    return clients;
  }

  static std::string ask(const Fd& client) {
    const std::string request = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
    if (send(client.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "cannot send";
    std::string answer;
    for (char buffer[4096];;) {
      pollfd readable{client.get(), POLLIN, 0};
      if (poll(&readable, 1, static_cast<int>(kLong.count())) == 0) return "no answer came in time";
      const ssize_t got = recv(client.get(), buffer, sizeof buffer, 0);
      if (got < 0) return last_os_failure("recv").message;
      if (got == 0) return answer;
      answer.append(buffer, static_cast<size_t>(got));
    }
  }
};

// Which steering, by $ROLLCTL_STEERING.
class HalfOpenTest : public SlowClientsTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(By, HalfOpenTest, testing::Values("ebpf", "classic"),
                         [](const auto& by) { return std::string(by.param); });

TEST_P(HalfOpenTest, HandshakesSurviveTheHandover) {
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "0"));
  const StubApp app{.instances = 2, .tables = "[drain]\nsettle = \"30s\"\n"};
  std::vector<Fd> clients = serve_slow_clients(app);

  write_app(app);
  ChildSpec spec = rollctl_spec({"deploy", "web", "v2", "--batch", "all", "--handover", "steer", "--json"});
  spec.env.push_back(std::string("ROLLCTL_STEERING=") + GetParam());
  auto deploying = ChildProcess::spawn(std::move(spec));
  ASSERT_TRUE(deploying) << deploying.error().message;
  await_event(*deploying, "traffic.shifted");
  // A second later, at the earliest.
  await("the servers repeated their SYN-ACKs", [] { return held_back() >= 2 * kClients; });
  for (const json& event : journal()) EXPECT_NE(event["event"], "instance.settled");
  EXPECT_EQ(count_server_events([](const json& line) { return line["event"] == "accept"; }), 0)
      << "they are half-open";
  let_acks_through();
  for (const Fd& client : clients) EXPECT_THAT(ask(client), testing::HasSubstr("X-Release: v1"));
  clients.clear();

  const Said said = finish(*deploying);
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("instance.settled")["left"], 0);
  EXPECT_EQ(said.event("deploy.finished")["connections_cut"], 0);
  expect_only("v2", 2);
}

TEST_F(SlowClientsTest, HandshakesThatOutlastTheSettlingAreMoved) {
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "0"));
  const StubApp app{.instances = 2, .tables = "[drain]\nsettle = \"100ms\"\n"};
  std::vector<Fd> clients = serve_slow_clients(app);

  const Said said = try_deploy("v2", app, {"--batch", "all", "--handover", "steer", "--json"});
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("instance.settled")["left"], kClients);
  EXPECT_EQ(instance_of("v2")["state"], "serving");
  EXPECT_EQ(status()["instances"].size(), 2U) << "the old ones have ended";
  let_acks_through();
  for (const Fd& client : clients) EXPECT_THAT(ask(client), testing::HasSubstr("X-Release: v2"));
  clients.clear();
  // It would be for a minute.
  EXPECT_FALSE(nobody_holds_steering());
  EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
}

}  // namespace
}  // namespace rollctl::test
