// SPDX-License-Identifier: MIT
// Limits on a client's connections, sizes and times.
#include <sys/socket.h>

#include <thread>

#include "os/roll-httpd/httpd_fixture.h"

namespace rollctl::test {
namespace {

using LimitsTest = HttpdTest;
using namespace std::chrono_literals;

// Sends `piece` repeatedly until the server ends the connection.
std::jthread trickle(Client& client, const std::string& piece) {
  return std::jthread([&client, piece](const std::stop_token& stop) {
    while (!stop.stop_requested() && client.send(piece)) std::this_thread::sleep_for(10ms);
  });
}

void expect_refusal(Client& client, int status) {
  auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, status);
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_EQ(client.read_end(), Client::End::Eof);
}

TEST_F(LimitsTest, AHeadHasItsTimeHoweverOftenAByteComes) {
  start({"--head-timeout", "200ms"});
  Client client = connect();
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: test\r\n"));
  std::jthread lines = trickle(client, "X: y\r\n");
  expect_refusal(client, 408);
}

TEST_F(LimitsTest, AHeadThatStopsHasItsTimeToo) {
  start({"--head-timeout", "50ms"});
  Client client = connect();
  ASSERT_TRUE(client.send("G"));
  expect_refusal(client, 408);
}

TEST_F(LimitsTest, EachHeadHasATimeOfItsOwn) {
  write("a", "A");
  start({"--head-timeout", "300ms"});
  Client client = connect();
  const std::string request = get_request("/a");
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(client.send(request.substr(0, 20)));
    std::this_thread::sleep_for(100ms);
    ASSERT_TRUE(client.send(request.substr(20)));
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->status, 200);
  }
}

TEST_F(LimitsTest, AConnectionWithoutARequestIsNotBoundToTheTimeOfAHead) {
  write("a", "A");
  start({"--head-timeout", "50ms"});
  Client fresh = connect();
  Client used = connect();
  ASSERT_TRUE(used.send(get_request("/a")));
  EXPECT_EQ(used.read_answer().value().status, 200);
  Client witness = connect();
  ASSERT_TRUE(witness.send("G"));
  expect_refusal(witness, 408);
  for (Client* client : {&fresh, &used}) {
    ASSERT_TRUE(client->send(get_request("/a")));
    auto answer = client->read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
  }
}

TEST_F(LimitsTest, ABodyHasItsTimeHoweverOftenAByteComes) {
  start({"--body-timeout", "200ms"});
  for (const auto& [fields, piece] :
       {std::pair("Content-Length: 60000", "x"), std::pair("Transfer-Encoding: chunked", "1\r\nx\r\n")}) {
    Client client = connect();
    ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: test\r\n" + std::string(fields) + "\r\n\r\n"));
    std::jthread bytes = trickle(client, piece);
    expect_refusal(client, 408);
  }
}

TEST_F(LimitsTest, ABodyThatComesFastEnoughHasLonger) {
  start({"--body-timeout", "100ms"});
  Client client = connect();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\n"));
  for (int i = 0; i < 30; ++i) {  // 200 KB a second, for 300 ms
    ASSERT_TRUE(client.send(std::string(2'000, 'x')));
    std::this_thread::sleep_for(10ms);
  }
  auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 405);
}

TEST_F(LimitsTest, OneConnectionTooManyIsAnsweredAndClosed) {
  write("a", "A");
  start({"--max-connections", "3"});
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(connect());
    ASSERT_TRUE(clients.back().send("G"));
  }
  for (int i = 0; i < 3; ++i) {  // refused connections do not count
    Client client = connect();
    ASSERT_TRUE(client.send(get_request("/a")));
    expect_refusal(client, 503);
  }
  ASSERT_TRUE(clients.back().send(get_request("/a", "Connection: close\r\n").substr(1)));
  EXPECT_EQ(clients.back().read_answer().value().body, "A");
  EXPECT_EQ(clients.back().read_end(), Client::End::Eof);
  EXPECT_EQ(get("/a").body, "A");
}

TEST_F(LimitsTest, OneAddressDoesNotKeepOutOthers) {
  write("a", "A");
  launch({"--listen", "127.0.0.1:8080", "--listen", "[::1]:8080", "--max-connections-per-address", "2"});
  ASSERT_NE(read_notification(), "");
  std::vector<Client> held;
  for (int i = 0; i < 2; ++i) {
    held.push_back(connect());
    ASSERT_TRUE(held.back().send(get_request("/a")));
    EXPECT_EQ(held.back().read_answer().value().body, "A");
  }
  Client third = connect();
  expect_refusal(third, 503);
  Client other = connect(kPort, AF_INET6);
  ASSERT_TRUE(other.send(get_request("/a")));
  EXPECT_EQ(other.read_answer().value().body, "A");
  held.pop_back();
  Client later = connect();
  while (true) {  // until the server has read the end
    ASSERT_TRUE(later.send(get_request("/a")));
    auto answer = later.read_answer();
    ASSERT_TRUE(answer);
    if (answer->status == 200) break;
    ASSERT_EQ(answer->status, 503);
    later = connect();
  }
}

TEST_F(LimitsTest, AFloodOfConnectionsLeavesTheOthersAlone) {
  write("a", "A");
  start({"--max-connections", "10"});
  std::vector<Client> held;
  for (int i = 0; i < 10; ++i) {
    held.push_back(connect());
    ASSERT_TRUE(held.back().send(get_request("/a")));
    EXPECT_EQ(held.back().read_answer().value().body, "A");
  }
  std::vector<Client> flood;
  for (int i = 0; i < 1'500; ++i) {  // more than may wait for their client's end
    auto client = Client::connect(kPort, AF_INET);
    ASSERT_TRUE(client) << i;
    flood.push_back(std::move(*client));
  }
  for (Client& client : held) {
    ASSERT_TRUE(client.send(get_request("/a")));
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "A");
  }
  const auto files = std::filesystem::directory_iterator("/proc/" + std::to_string(server_->pid()) + "/fd");
  EXPECT_LT(std::distance(begin(files), end(files)), 1'100);
}

}  // namespace
}  // namespace rollctl::test
