// SPDX-License-Identifier: MIT
// Requests: several in a row, bad ones, slow ones.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>

#include "os/roll-httpd/httpd_fixture.h"

namespace rollctl::test {
namespace {

using RequestsTest = HttpdTest;

std::optional<HttpAnswer> answer_to(Client& client, std::string_view request) {
  EXPECT_TRUE(client.send(request));
  return client.read_answer();
}

TEST_F(RequestsTest, AConnectionIsKeptForTheNextRequest) {
  write("a", "A");
  write("b", "B");
  start();
  Client client = connect();
  EXPECT_EQ(answer_to(client, get_request("/a")).value().body, "A");
  EXPECT_EQ(answer_to(client, get_request("/b")).value().body, "B");
  ASSERT_TRUE(
      client.send(get_request("/a") + get_request("/b") + get_request("/a", "Connection: close\r\n")));
  EXPECT_EQ(client.read_answer().value().body, "A");
  EXPECT_EQ(client.read_answer().value().body, "B");
  EXPECT_EQ(client.read_answer().value().header("connection"), "close");
  EXPECT_EQ(client.read_end(), Client::End::Eof);
}

TEST_F(RequestsTest, AnOldClientIsAnsweredOnceUnlessItAsksForMore) {
  write("a", "A");
  start();
  Client once = connect();
  EXPECT_EQ(answer_to(once, "GET /a HTTP/1.0\r\n\r\n").value().body, "A");
  EXPECT_EQ(once.read_end(), Client::End::Eof);
  Client kept = connect();
  for (int i = 0; i < 2; ++i) {
    auto answer = answer_to(kept, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->header("connection"), "keep-alive");
  }
}

TEST_F(RequestsTest, AnIdleConnectionEndsAfterTheKeepAliveTime) {
  write("a", "A");
  start({"--keep-alive", "100ms"});
  Client client = connect();
  EXPECT_EQ(answer_to(client, get_request("/a")).value().body, "A");
  EXPECT_EQ(client.read_end(), Client::End::Eof);
}

TEST_F(RequestsTest, AClientThatHasEndedItsSideStillGetsAll) {
  write("large", "");
  std::filesystem::resize_file(root_ / "large", 30'000'000);  // more than the socket buffers hold
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(get_request("/large")));
  client.shut_writing();
  Client other = connect();
  EXPECT_EQ(answer_to(other, get_request("/none")).value().status,
            404);  // by now the server has read the end
  auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.size(), 30'000'000U);
  EXPECT_EQ(client.read_end(), Client::End::Eof);
}

TEST_F(RequestsTest, OtherMethodsAreNotAllowed) {
  start();
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"}) {
    Client client = connect();
    auto answer =
        answer_to(client, std::string(method) + " / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(answer) << method;
    EXPECT_EQ(answer->status, 405) << method;
    EXPECT_EQ(answer->header("allow"), "GET, HEAD") << method;
  }
}

TEST_F(RequestsTest, WhatIsMalformedOrTooLongGetsAnAnswerAndThenTheEnd) {
  start();
  struct Case {
    std::string request;
    int status;
  };
  const std::string large(1'000'000, 'x');
  for (const Case& bad : std::vector<Case>{
           {"GARBAGE\r\n\r\n", 400},
           {"GET /\r\n\r\n", 400},
           {"GET / HTTP/9.9\r\n\r\n", 400},
           {"\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost test\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: test\r\nContent-Length: many\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: test\r\nExpect: miracles\r\nContent-Length: 5\r\n\r\n", 417},
           {"GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\nHost: test\r\n\r\n", 414},
           {"GET /" + large + " HTTP/1.1\r\nHost: test\r\n\r\n", 414},
           {large, 414},
           {get_request("/", "X: " + std::string(20'000, 'x') + "\r\n"), 431},
           {get_request("/", "X: " + large + "\r\n"), 431},
           {"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n" + large, 413},
       }) {
    Client client = connect();
    auto answer = answer_to(client, bad.request);
    ASSERT_TRUE(answer) << bad.request.substr(0, 80);
    EXPECT_EQ(answer->status, bad.status) << bad.request.substr(0, 80);
    EXPECT_EQ(answer->header("connection"), "close") << bad.request.substr(0, 80);
    EXPECT_EQ(client.read_end(), Client::End::Eof) << bad.request.substr(0, 80);
  }
}

TEST_F(RequestsTest, ALongTargetSparesTheConnection) {
  write("a", "A");
  start();
  Client client = connect();
  EXPECT_EQ(answer_to(client, get_request("/" + std::string(9'000, 'x'))).value().status, 414);
  EXPECT_EQ(answer_to(client, get_request("/a")).value().body, "A");
}

TEST_F(RequestsTest, ARequestMayComeByteByByte) {
  write("a", "A");
  start();
  Client client = connect();
  for (char byte : get_request("/a")) ASSERT_TRUE(client.send({&byte, 1}));
  EXPECT_EQ(client.read_answer().value().body, "A");
}

TEST_F(RequestsTest, ARateLimitsTheBody) {
  write("large", std::string(300'000, 'x'));
  start({"--rate", "1000000"});
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(get("/large").body.size(), 300'000U);
  EXPECT_GT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(150));
}

TEST_F(RequestsTest, WithoutFreeDescriptorsClientsWaitInTheQueue) {
  write("a", "A");
  launch({"--listen", "127.0.0.1:8080"}, {}, {}, {"prlimit", "--nofile=16:16"});
  ASSERT_NE(read_notification(), "");
  std::vector<Client> clients;
  for (int i = 0; i < 30; ++i) clients.push_back(connect());
  for (Client& client : clients) {
    auto answer = answer_to(client, get_request("/-/readyz", "Connection: close\r\n"));
    EXPECT_TRUE(answer && answer->status == 200);
  }
  EXPECT_EQ(server_->errors().find("accept"), std::string::npos) << server_->errors();
}

TEST_F(RequestsTest, EachRequestIsALineInTheAccessLog) {
  write("a", "A");
  std::filesystem::path log = root_.parent_path() / "access.log";
  start({"--access-log", log});
  EXPECT_EQ(get("/a", "User-Agent: test\r\n").status, 200);
  {
    Client client = connect();
    EXPECT_EQ(answer_to(client, "GARBAGE\r\n\r\n").value().status, 400);
  }
  ASSERT_TRUE(server_->stop(SIGTERM, kPatience));
  std::stringstream lines;
  lines << std::ifstream(log).rdbuf();
  EXPECT_NE(lines.str().find("\"GET /a HTTP/1.1\" 200 1 \"-\" \"test\"\n"), std::string::npos) << lines.str();
  EXPECT_NE(lines.str().find("\"-\" 400 0 \"-\" \"-\"\n"), std::string::npos) << lines.str();
}

TEST_F(RequestsTest, ALogThatNobodyReadsLosesLinesButNoRequest) {
  write("a", "A");
  std::filesystem::path log = root_.parent_path() / "log";
  ASSERT_EQ(mkfifo(log.c_str(), 0600), 0);
  Fd reader(open(log.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  start({"--access-log", log});
  EXPECT_EQ(get("/a").status, 200);
  char line[200];
  pollfd readable{reader.get(), POLLIN, 0};
  ASSERT_EQ(poll(&readable, 1, 5'000), 1);
  EXPECT_GT(read(reader.get(), line, sizeof line), 0);
  while (::write(reader.get(), line, sizeof line) > 0) {
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/a").body, "A");
}

TEST_F(RequestsTest, AFifoThatNobodyReadsIsNoLog) {
  std::filesystem::path log = root_.parent_path() / "log";
  ASSERT_EQ(mkfifo(log.c_str(), 0600), 0);
  launch({"--access-log", log});
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(1));
  EXPECT_EQ(server_->errors(), "roll-httpd: cannot write " + log.string() + ": No such device or address\n");
}

}  // namespace
}  // namespace rollctl::test
