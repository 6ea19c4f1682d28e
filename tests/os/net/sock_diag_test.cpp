// SPDX-License-Identifier: MIT
#include "net/sock_diag.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "net/group.h"
#include "net/tcp_connect.h"
#include "steering/reuseport.h"
#include "support/net_namespace.h"

namespace rollctl::test {
namespace {

uint32_t inode_of(const Fd& fd) {
  struct stat status{};
  EXPECT_EQ(::fstat(fd.get(), &status), 0);
  return static_cast<uint32_t>(status.st_ino);
}

class SockDiagTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped()) return;
    auto diag = SockDiag::create();
    ASSERT_TRUE(diag) << diag.error().message;
    diag_.emplace(std::move(*diag));
  }

  std::vector<ListenSocket> listeners(std::vector<uint16_t> ports) {
    auto sockets = diag_->listeners(ports);
    EXPECT_TRUE(sockets);
    return sockets.value_or(std::vector<ListenSocket>());
  }

  std::optional<SockDiag> diag_;
};

TEST_F(SockDiagTest, DescribesListeners) {
  const Fd v4_listener = listen_on(v4("0.0.0.0"));
  const Fd v6_listener = listen_on(v6("::1", 8081));
  const Fd dual = listen_on(v6("::", 8082), Dual::Yes);
  const Fd client = connect_to(v4("127.0.0.1"));

  const auto first = listeners({8080});
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].bound, v4("0.0.0.0"));
  EXPECT_EQ(first[0].inode, inode_of(v4_listener));
  EXPECT_EQ(first[0].uid, ::geteuid());
  EXPECT_EQ(first[0].accept_queue, 1U);
  EXPECT_EQ(first[0].backlog, 4096U);
  EXPECT_NE(first[0].cookie, 0U);
  EXPECT_EQ(first[0].device, 0);

  const auto second = listeners({8081});
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].bound, v6("::1", 8081));
  EXPECT_TRUE(second[0].v6only);
  const auto third = listeners({8082});
  ASSERT_EQ(third.size(), 1U);
  EXPECT_FALSE(third[0].v6only);

  EXPECT_EQ(listeners({}).size(), 3U);
  EXPECT_EQ(listeners({8080, 8082}).size(), 2U);
  EXPECT_EQ(listeners({9999}).size(), 0U);
}

TEST_F(SockDiagTest, AsksAboutOneFamilyWhereThatIsEnough) {
  const Fd v4_wildcard = listen_on(v4("0.0.0.0"));
  const Fd v4_loopback = listen_on(v4("127.0.0.2"));
  const Fd v6_loopback = listen_on(v6("::1"));
  const std::vector<uint16_t> port{8080};
  EXPECT_EQ(diag_->listeners(port, Families::Both).value().size(), 3U);
  EXPECT_EQ(diag_->listeners(port, Families::V6).value().size(), 1U);
  const auto exact = diag_->listeners_on(v4("127.0.0.2"));
  ASSERT_TRUE(exact);
  ASSERT_EQ(exact->size(), 1U);
  EXPECT_EQ(exact->front().inode, inode_of(v4_loopback));
  EXPECT_EQ(diag_->listeners_on(v6("::1")).value().size(), 1U);
  EXPECT_TRUE(diag_->listeners_on(v6("::2")).value().empty());
}

// As the JVM opens one IPv4 address.
TEST_F(SockDiagTest, FindsAnIpv6SocketThatHasAnIpv4Address) {
  const Fd mapped = listen_on(v4("127.0.0.2"), Dual::Mapped);
  const auto found = listeners({8080});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].bound, v4("127.0.0.2"));
  EXPECT_TRUE(found[0].mapped);
  EXPECT_EQ(diag_->listeners_on(v4("127.0.0.2")).value().size(), 1U);
  EXPECT_EQ(diag_->listeners_reached(v4("127.0.0.2")).value().size(), 1U);
}

TEST(FamiliesTest, AreThoseOfTheAddresses) {
  const ListenAddress four = *ListenAddress::parse("127.0.0.1:80");
  const ListenAddress six = *ListenAddress::parse("[::]:80");
  const ListenAddress any = *ListenAddress::parse(":80");
  EXPECT_EQ(families_of(std::vector{four, four}), Families::Both)
      << "an IPv6 socket may have an IPv4 address";
  EXPECT_EQ(families_of(std::vector{six}), Families::V6);
  EXPECT_EQ(families_of(std::vector{four, six}), Families::Both);
  EXPECT_EQ(families_of(std::vector{any}), Families::Both);
  EXPECT_EQ(families_of(std::vector{four, any}), Families::Both);
  EXPECT_EQ(families_of({}), Families::Both);
}

TEST_F(SockDiagTest, ListsThousandsOfListeners) {
  std::vector<Fd> many;
  for (int i = 0; i < 2000; ++i)
    many.push_back(listen_on(v4("127.0.0.1", static_cast<uint16_t>(10'000 + i))));
  EXPECT_EQ(listeners({}).size(), 2000U);
}

struct FamilyCase {
  const char* name;
  Endpoint bound;
  Dual dual;
  Endpoint target;
};

class ConnectionTest : public SockDiagTest, public testing::WithParamInterface<FamilyCase> {};

INSTANTIATE_TEST_SUITE_P(Families, ConnectionTest,
                         testing::Values(FamilyCase{"IPv4", v4("0.0.0.0"), Dual::No, v4("127.0.0.1")},
                                         FamilyCase{"Mapped", v4("127.0.0.1"), Dual::Mapped, v4("127.0.0.1")},
                                         FamilyCase{"IPv6", v6("::"), Dual::No, v6("::1")},
                                         FamilyCase{"DualStackByIPv4", v6("::"), Dual::Yes, v4("127.0.0.1")}),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(ConnectionTest, IsFoundAsSoonAsItIsAccepted) {
  const FamilyCase& param = GetParam();
  const Fd listener = listen_on(param.bound, param.dual);
  Fd client = connect_to(param.target);
  const Endpoint ours = *local_endpoint(client.get());
  const Endpoint theirs = *remote_endpoint(client.get());
  EXPECT_EQ(*diag_->connection_inode(theirs, ours), 0U);

  const Fd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_EQ(*diag_->connection_inode(theirs, ours), inode_of(accepted));
  EXPECT_FALSE(*diag_->is_half_open({theirs, ours}));

  const uint16_t port = param.bound.port;
  const auto connections = diag_->connections(std::span(&port, 1));
  ASSERT_TRUE(connections);
  ASSERT_EQ(connections->size(), 1U);
  EXPECT_EQ(connections->front(), (Connection{theirs, ours, inode_of(accepted)}));
  client.reset();
  EXPECT_EQ(diag_->connections(std::span(&port, 1))->size(), 1U) << "CLOSE_WAIT is still the server's";
}

TEST_F(SockDiagTest, TellsThatThereIsNoSuchConnection) {
  const Fd listener = listen_on(v4("0.0.0.0"));
  const auto inode = diag_->connection_inode(v4("127.0.0.1"), v4("127.0.0.1", 4));
  ASSERT_FALSE(inode);
  EXPECT_EQ(inode.error().kind, ErrorKind::NotFound);
  EXPECT_FALSE(*diag_->is_half_open({v4("127.0.0.1"), v4("127.0.0.1", 4)}));
}

TEST_F(SockDiagTest, KnowsWhatMakesAGroup) {
  const Fd one = listen_on(v4("0.0.0.0"));
  const Fd two = listen_on(v4("0.0.0.0"));
  const auto sockets = listeners({8080});
  ASSERT_EQ(sockets.size(), 2U);
  EXPECT_EQ(group_of(sockets[0]), group_of(sockets[1]));
}

}  // namespace
}  // namespace rollctl::test
