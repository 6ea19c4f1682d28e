// SPDX-License-Identifier: MIT
// From SIGTERM to exit status 0, without a cut connection.
#include <atomic>
#include <thread>
#include <vector>

#include "os/roll-httpd/httpd_fixture.h"

namespace rollctl::test {
namespace {

// A request whose head is complete: the grace period does not end it.
constexpr const char* kHalfSentBody = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n1";
constexpr const char* kRestOfBody = "2";

class DrainTest : public HttpdTest {
 protected:
  // On a connection that has had one answer.
  static Client connect_and_get(const std::string& target) {
    Client client = connect();
    EXPECT_TRUE(client.send(get_request(target)));
    EXPECT_EQ(client.read_answer().value().status, 200);
    return client;
  }

  // Until a new connection is refused.
  static void wait_until_refused() {
    while (Client::connect(kPort, AF_INET)) std::this_thread::yield();
  }
};

TEST_F(DrainTest, WithNothingOpenItEndsAtOnce) {
  start();
  begin_drain();
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(0));
}

TEST_F(DrainTest, TheNextRequestIsTheLastOfItsConnection) {
  write("a", "A");
  start({"--drain-grace", "1m"});
  Client client = connect_and_get("/a");
  Client silent = connect();
  begin_drain();
  wait_until_refused();
  ASSERT_TRUE(client.send(get_request("/a")));
  auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "A");
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_EQ(client.read_end(), Client::End::Eof);
  ASSERT_TRUE(silent.send("GET /-/readyz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  answer = silent.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_EQ(silent.read_end(), Client::End::Eof);
  client.shut_writing();
  silent.shut_writing();
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(0));
}

TEST_F(DrainTest, ConnectionsThatWaitInTheQueueAreServed) {
  write("a", "A");
  start();
  ASSERT_TRUE(server_->send_signal(SIGSTOP));
  std::vector<Client> waiting;
  for (int i = 0; i < 50; ++i) {
    waiting.push_back(connect());
    ASSERT_TRUE(waiting.back().send(get_request("/a")));
  }
  ASSERT_TRUE(server_->send_signal(SIGTERM));
  ASSERT_TRUE(server_->send_signal(SIGCONT));
  for (Client& client : waiting) {
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "A");
  }
  waiting.clear();
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(0));
}

TEST_F(DrainTest, AnIdleConnectionEndsAfterTheGracePeriod) {
  write("a", "A");
  start({"--drain-grace", "50ms"});
  Client client = connect_and_get("/a");
  begin_drain();
  EXPECT_EQ(client.read_end(), Client::End::Eof);
  client.shut_writing();
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(0));
}

TEST_F(DrainTest, ARequestThatCrossesTheHalfCloseIsNotReset) {
  write("a", "A");
  start({"--drain-grace", "50ms"});
  Client client = connect_and_get("/a");
  Client other = connect();
  ASSERT_TRUE(other.send(kHalfSentBody));
  begin_drain();
  EXPECT_EQ(client.read_end(), Client::End::Eof);
  // The server has shut its side, and reads and drops what the client sends now. An answer to another client
  // shows that it has done so.
  ASSERT_TRUE(client.send(get_request("/a")));
  ASSERT_TRUE(other.send(kRestOfBody));
  EXPECT_EQ(other.read_answer().value().status, 405);
  EXPECT_TRUE(client.send(get_request("/a")));
  client.shut_writing();
  other.shut_writing();
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(0));
}

TEST_F(DrainTest, ADownloadIsFinishedAndAHalfSentBodyIsWaitedFor) {
  write("large", std::string(400'000, 'x'));
  start({"--drain-grace", "50ms", "--rate", "1000000"});
  Client download = connect();
  ASSERT_TRUE(download.send(get_request("/large")));
  std::string begun = download.read_some();
  Client slow = connect();
  ASSERT_TRUE(slow.send(kHalfSentBody));
  Client idle = connect_and_get("/-/readyz");
  begin_drain();
  EXPECT_EQ(idle.read_end(), Client::End::Eof);  // the grace period is over
  ASSERT_TRUE(slow.send(kRestOfBody));
  EXPECT_EQ(slow.read_answer().value().status, 405);
  std::size_t size = begun.size();
  // The request came before the drain, so its answer has no "Connection: close": the connection ends once it
  // has been idle.
  for (std::string some; !(some = download.read_some()).empty();) size += some.size();
  EXPECT_GT(size, 400'000U);
  EXPECT_EQ(download.read_end(), Client::End::Eof);
  for (Client* client : {&download, &slow, &idle}) client->shut_writing();
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(0));
}

TEST_F(DrainTest, AHalfSentHeadIsWaitedForWithinTheGracePeriod) {
  start({"--drain-grace", "1m"});
  Client slow = connect();
  ASSERT_TRUE(slow.send("GET /-/readyz HTTP/1.1\r\nHo"));
  begin_drain();
  wait_until_refused();
  ASSERT_TRUE(slow.send("st: test\r\n\r\n"));
  EXPECT_EQ(slow.read_answer().value().status, 503);
  EXPECT_EQ(slow.read_end(), Client::End::Eof);
  slow.shut_writing();
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(0));
}

TEST_F(DrainTest, AClientThatSendsALineNowAndThenHoldsNoDrainBeyondTheGracePeriod) {
  start({"--drain-grace", "100ms", "--head-timeout", "0s"});
  Client before = connect();
  ASSERT_TRUE(before.send("GET /-/readyz HTTP/1.1\r\nHost: test\r\n"));
  Client during = connect();
  ASSERT_TRUE(during.send(get_request("/-/readyz")));
  EXPECT_EQ(during.read_answer().value().status, 200);
  begin_drain();
  ASSERT_TRUE(during.send("GET /-/readyz HTTP/1.1\r\nHost: test\r\n"));
  for (Client* client : {&before, &during}) {
    std::jthread lines([client](const std::stop_token& stop) {
      while (!stop.stop_requested() && client->send("X: y\r\n"))
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    });
    auto answer = client->read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 408);
    EXPECT_EQ(client->read_end(), Client::End::Eof);
    lines.request_stop();
    lines.join();
    client->shut_writing();
  }
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(0));
}

TEST_F(DrainTest, ASecondSignalCutsAndSaysSo) {
  write("a", "A");
  start({"--drain-grace", "1m"});
  Client client = connect_and_get("/a");
  begin_drain();
  ASSERT_TRUE(server_->send_signal(SIGTERM));
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(1));
  EXPECT_NE(server_->errors().find("cut 1 open connections"), std::string::npos) << server_->errors();
}

TEST_F(DrainTest, ClientsInALoopSeeNoErrorWhileServersFollowOneAnother) {
  write("a", "A");
  constexpr int kClients = 4;
  constexpr int kDrains = 25;
  std::atomic<bool> stop = false;
  std::atomic<long> sent = 0;
  std::atomic<long> answered = 0;
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "1"));
  start();
  std::vector<std::jthread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      std::optional<Client> client;
      while (!stop) {
        if (!client) client = Client::connect(kPort, AF_INET);
        ++sent;
        if (!client || !client->send(get_request("/a"))) {
          client.reset();
          continue;
        }
        auto answer = client->read_answer();
        if (answer && answer->body == "A") ++answered;
        if (!answer || answer->header("connection") == "close") client.reset();
      }
    });
  }
  for (int i = 0; i < kDrains; ++i) {
    long before = answered;
    ChildProcess old = std::move(*server_);
    start();
    while (answered < before + 10L * kClients) std::this_thread::yield();
    auto exit = old.stop(SIGTERM, kPatience);
    ASSERT_TRUE(exit) << exit.error().message;
    ASSERT_EQ(*exit, ChildExit::with_code(0)) << old.errors();
  }
  stop = true;
  clients.clear();
  EXPECT_EQ(sent, answered);
}

}  // namespace
}  // namespace rollctl::test
