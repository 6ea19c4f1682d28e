// SPDX-License-Identifier: MIT
// The library in this process, for cases that need exact timing.
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "libroll/roll.h"
#include "os/roll-httpd/client.h"
#include "support/net_namespace.h"

namespace rollctl::test {
namespace {

struct BaseFree {
  void operator()(event_base* base) const { event_base_free(base); }
};

class LibrollTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    std::signal(SIGPIPE, SIG_IGN);
    base_.reset(event_base_new());
    server_ = roll::Server::create(base_.get(), {});
    ASSERT_TRUE(server_);
    server_->on_request([](evhttp_request* request) { evhttp_send_reply(request, 200, "OK", nullptr); });
    auto bound = server_->bind("127.0.0.1:8080");
    ASSERT_FALSE(bound) << bound->message;
  }

  static Client ask(std::string_view headers) {
    auto client = Client::connect(8080, AF_INET);
    if (!client) throw std::runtime_error("nobody listens");
    EXPECT_TRUE(client->send(get_request("/", headers)));
    return std::move(*client);
  }

  std::unique_ptr<event_base, BaseFree> base_;
  std::unique_ptr<roll::Server> server_;
};

TEST_F(LibrollTest, WhoWaitsInTheQueueWhenTheDrainBeginsIsServed) {
  ASSERT_FALSE(server_->open());
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(ask("Connection: close\r\n"));
  server_->drain();
  EXPECT_TRUE(server_->draining());
  event_base_dispatch(base_.get());
  EXPECT_EQ(server_->connections(), 0U);
  for (Client& client : clients) EXPECT_TRUE(client.read_answer());
}

TEST_F(LibrollTest, ADrainBeforeTheLoopEndsTheLoop) {
  ASSERT_FALSE(server_->open());
  server_->drain();
  event_base_dispatch(base_.get());
  EXPECT_FALSE(Client::connect(8080, AF_INET));
}

TEST_F(LibrollTest, ABoundAddressIsNotYetListening) {
  EXPECT_FALSE(Client::connect(8080, AF_INET));
  ASSERT_FALSE(server_->open());
  EXPECT_TRUE(Client::connect(8080, AF_INET));
}

TEST_F(LibrollTest, EveryRequestIsDoneOnceAlsoWhenItsClientGoes) {
  int answered = 0;
  int cut = 0;
  const std::vector<char> body(50'000'000, 'x');
  server_->on_request([&](evhttp_request* request) {
    evbuffer_add(evhttp_request_get_output_buffer(request), body.data(), body.size());
    evhttp_send_reply(request, 200, "OK", nullptr);
  });
  server_->on_done([&](evhttp_request*, roll::Ending ending, std::size_t unsent) {
    if (ending == roll::Ending::Answered) {
      ++answered;
    } else {
      ++cut;
      EXPECT_GT(unsent, 0U);
    }
    server_->drain();
  });
  ASSERT_FALSE(server_->open());
  std::optional<Client> client = ask("");
  timeval soon{0, 0};
  // The client disconnects during the answer.
  server_->on_connection([&](bufferevent*) {
    event_base_once(
        base_.get(), -1, EV_TIMEOUT,
        [](int, short, void* gone) { static_cast<std::optional<Client>*>(gone)->reset(); }, &client, &soon);
  });
  event_base_dispatch(base_.get());
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(cut, 1);
}

TEST_F(LibrollTest, AHandlerGetsEachRequestWithItsBody) {
  std::vector<std::string> seen;
  server_->on_request([&](evhttp_request* request) {
    evbuffer* input = evhttp_request_get_input_buffer(request);
    std::string body(evbuffer_get_length(input), '\0');
    evbuffer_copyout(input, body.data(), body.size());
    const char* field = evhttp_find_header(evhttp_request_get_input_headers(request), "X");
    seen.push_back(std::string(evhttp_request_get_uri(request)) + " " + (field == nullptr ? "-" : field) +
                   " " + body);
    evhttp_send_reply(request, 200, "OK", nullptr);
    if (seen.size() == 6) server_->drain();
  });
  ASSERT_FALSE(server_->open());
  auto client = Client::connect(8080, AF_INET);
  ASSERT_TRUE(client);
  ASSERT_TRUE(
      client->send("POST /1 HTTP/1.1\r\nHost: test\r\nX:\t a b \t\r\nContent-Length: 5\r\n\r\n12345"
                   "GET /2 HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n12345"
                   "PUT /3 HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3;a=b\r\n123\r\n2\r\n45\r\n0\r\nX: trailer\r\n\r\n"
                   "POST /4 HTTP/1.1\r\nHost: test\r\n\r\n"
                   "DELETE /5 HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n12"
                   "HEAD /6 HTTP/1.1\r\nHost: test\r\nContent-Length: 36\r\n\r\n"
                   "GET /7 HTTP/1.1\r\nHost: test\r\nX: y\r\n\r\n"));
  client->shut_writing();
  event_base_dispatch(base_.get());
  EXPECT_EQ(seen, (std::vector<std::string>{"/1 a b 12345", "/2 - 12345", "/3 - 12345", "/4 - ", "/5 - 12",
                                            "/6 - "}));
}

TEST_F(LibrollTest, WithoutAHandlerARefusalIsABareAnswer) {
  ASSERT_FALSE(server_->open());
  auto client = Client::connect(8080, AF_INET);
  ASSERT_TRUE(client);
  ASSERT_TRUE(client->send("GET / HTTP/1.1\r\n\r\n"));
  client->shut_writing();
  server_->drain();
  event_base_dispatch(base_.get());
  auto answer = client->read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_EQ(client->read_end(), Client::End::Eof);
}

TEST_F(LibrollTest, AnAnswerThatComesLaterLetsNothingPileUp) {
  std::vector<evhttp_request*> waiting;
  server_->on_request([&](evhttp_request* request) { waiting.push_back(request); });
  ASSERT_FALSE(server_->open());
  auto client = Client::connect(8080, AF_INET);
  ASSERT_TRUE(client);
  const std::string request = get_request("/");
  ASSERT_TRUE(client->send(request));
  while (waiting.empty()) event_base_loop(base_.get(), EVLOOP_ONCE);
  ASSERT_TRUE(client->send(request + request));
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(waiting.size(), 1U);
    evhttp_send_reply(std::exchange(waiting, {}).front(), 200, "OK", nullptr);
    while (i < 2 && waiting.empty()) event_base_loop(base_.get(), EVLOOP_ONCE);
  }
  server_->drain();
  client->shut_writing();
  event_base_dispatch(base_.get());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client->read_answer()) << i;
}

}  // namespace
}  // namespace rollctl::test
