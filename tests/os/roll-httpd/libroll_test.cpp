// SPDX-License-Identifier: MIT
// The library in this process: what no signal to a server can time exactly.
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
#include <vector>

#include "libroll/roll.h"
#include "os/roll-httpd/client.h"
#include "support/net_namespace.h"

namespace roll::test {
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
    server_ = Server::create(base_.get(), {});
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
  std::unique_ptr<Server> server_;
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
  server_->on_done([&](evhttp_request*, Ending ending, std::size_t unsent) {
    if (ending == Ending::Answered) {
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
  // Once the answer is under way, the client goes.
  server_->on_connection([&](bufferevent*) {
    event_base_once(
        base_.get(), -1, EV_TIMEOUT,
        [](int, short, void* gone) { static_cast<std::optional<Client>*>(gone)->reset(); }, &client, &soon);
  });
  event_base_dispatch(base_.get());
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(cut, 1);
}

}  // namespace
}  // namespace roll::test
