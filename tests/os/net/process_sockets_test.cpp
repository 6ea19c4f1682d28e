// SPDX-License-Identifier: MIT
#include "net/process_sockets.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "steering/forked_server.h"
#include "steering/reuseport.h"
#include "support/net_namespace.h"

namespace rollctl::test {
namespace {

const ListenAddress kAddress = *ListenAddress::parse("0.0.0.0:8080");

class ProcessSocketsTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped()) return;
    auto diag = SockDiag::create();
    ASSERT_TRUE(diag) << diag.error().message;
    diag_.emplace(std::move(*diag));
  }

  Result<std::vector<TakenListener>> take(const ProcessId& id, std::vector<ListenAddress> addresses) {
    return listeners_of(*diag_, id, addresses);
  }

  std::optional<SockDiag> diag_;
};

TEST_F(ProcessSocketsTest, TakesTheListenersOfAProcess) {
  Fd listener = listen_on(v4("0.0.0.0"));
  const ForkedServer server(listener);
  close_listener(listener);
  const auto taken = take(server.id(), {kAddress});
  ASSERT_TRUE(taken) << taken.error().message;
  ASSERT_EQ(taken->size(), 1U);
  EXPECT_EQ(taken->front().socket.bound, v4("0.0.0.0"));
  ASSERT_TRUE(connect_to(v4("127.0.0.1")));
}

TEST_F(ProcessSocketsTest, TakesASocketThatMasterAndWorkerShareOnce) {
  Fd listener = listen_on(v4("0.0.0.0"));
  const Fd second = listen_on(v4("0.0.0.0"));
  const ForkedServer worker(listener);
  const auto taken = take(own_id(), {kAddress});
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(taken->size(), 2U);
}

TEST_F(ProcessSocketsTest, FindsTheListenerOfAWorker) {
  Fd listener = listen_on(v4("0.0.0.0"));
  const ForkedServer server(listener, Serving::InAChild);
  close_listener(listener);
  const auto all = take(server.id(), {kAddress});
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->size(), 1U);
  const auto one = take_listener(*diag_, server.id(), v4("0.0.0.0"));
  ASSERT_TRUE(one) << one.error().message;
  TreeSockets tree(server.id());
  EXPECT_TRUE(*listens_on_port(*diag_, tree, 8080));
  EXPECT_FALSE(*listens_on_port(*diag_, tree, 8081));
}

TEST_F(ProcessSocketsTest, TakesAListenerAgainWhereItWas) {
  Fd listener = listen_on(v4("0.0.0.0"));
  const auto taken = take(own_id(), {kAddress});
  ASSERT_TRUE(taken);
  ASSERT_EQ(taken->size(), 1U);
  const SocketPlace place = taken->front().place;
  SocketPlace another = place;
  ++another.inode;
  const auto again = take_again(place);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(take_again(another).error().kind, ErrorKind::NotFound) << "another";
  ASSERT_EQ(::shutdown(listener.get(), SHUT_RD), 0);
  EXPECT_EQ(take_again(place).error().kind, ErrorKind::NotFound) << "it is deaf";
  close_listener(listener);
  EXPECT_EQ(take_again(place).error().kind, ErrorKind::NotFound) << "it was closed";
}

TEST_F(ProcessSocketsTest, LeavesListenersOnOtherAddressesAlone) {
  const Fd other = listen_on(v4("127.0.0.1", 9000));
  const Fd narrower = listen_on(v4("127.0.0.1"));
  const auto taken = take(own_id(), {kAddress});
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->empty());
  EXPECT_EQ(take_listener(*diag_, own_id(), v4("0.0.0.0")).error().kind, ErrorKind::NotFound);
}

TEST_F(ProcessSocketsTest, TakesWhicheverWildcardTheServerBound) {
  const Fd listener = listen_on(v6("::"), Dual::Yes);
  const auto taken = take(own_id(), {*ListenAddress::parse(":8080")});
  ASSERT_TRUE(taken);
  ASSERT_EQ(taken->size(), 1U);
  EXPECT_EQ(taken->front().socket.bound, v6("::"));
}

TEST_F(ProcessSocketsTest, SaysThatTheProcessHasGone) {
  ProcessId gone;
  {
    const Fd listener = listen_on(v4("0.0.0.0"));
    const ForkedServer server(listener);
    gone = server.id();
  }
  EXPECT_EQ(take(gone, {kAddress}).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(socket_inodes(gone).error().kind, ErrorKind::NotFound);
}

TEST_F(ProcessSocketsTest, NamesTheOwnerOfASocket) {
  const Fd listener = listen_on(v4("0.0.0.0"));
  const auto sockets = diag_->listeners();
  ASSERT_TRUE(sockets);
  ASSERT_EQ(sockets->size(), 1U);
  const auto owner = *find_owner(sockets->front().inode);
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->text(), owner->command + " (pid " + std::to_string(::getpid()) + ")");
  EXPECT_FALSE(*find_owner(0));
}

TEST_F(ProcessSocketsTest, CountsTheConnectionsThatTheTreeHasAccepted) {
  Fd listener = listen_on(v4("0.0.0.0"));
  const uint16_t port = kPort;
  {
    const Fd not_accepted = connect_to(v4("127.0.0.1"));
    EXPECT_EQ(*count_connections(*diag_, own_id(), std::span(&port, 1)), 0U);
    accept_all(listener);
  }
  const ForkedServer server(listener, Serving::InAChild);
  close_listener(listener);
  std::vector<Fd> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(connect_to(v4("127.0.0.1")));
    char byte = 0;
    ASSERT_EQ(::read(clients.back().get(), &byte, 1), 1) << "its greeting says that it has accepted";
  }
  EXPECT_EQ(*count_connections(*diag_, server.id(), std::span(&port, 1)), 5U);
  const Fd elsewhere = listen_on(v4("127.0.0.1", 9000));
  const ForkedServer other(elsewhere);
  EXPECT_EQ(*count_connections(*diag_, other.id(), std::span(&port, 1)), 0U);
}

TEST_F(ProcessSocketsTest, SaysThatItMayNotTakeAStrangersListener) {
  if (::geteuid() != 0) GTEST_SKIP() << "changes its uid, which only root may";
  const Fd listener = listen_on(v4("0.0.0.0"));
  const ForkedServer server(listener);
  // In a child, because the change cannot be undone.
  const auto refused = [&] {
    if (::setresuid(65534, 65534, 65534) != 0) return 2;
    auto diag = SockDiag::create();
    if (!diag) return 3;
    const auto taken = listeners_of(*diag, server.id(), std::span(&kAddress, 1));
    return !taken && taken.error().kind == ErrorKind::NotPermitted ? 0 : 1;
  };
  EXPECT_EXIT(::_exit(refused()), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace rollctl::test
