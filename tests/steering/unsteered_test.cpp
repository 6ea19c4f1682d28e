// SPDX-License-Identifier: MIT
#include "steering/unsteered.h"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "net/process_sockets.h"
#include "steering/classic_steering.h"
#include "steering/forked_server.h"
#include "steering/handover.h"
#include "steering/steering_fixture.h"
#include "support/descriptors.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;

class UnsteeredTest : public SteeringFixture {
 protected:
  Result<std::unique_ptr<Steering>> make() override {
    auto made = Unsteered::create(*loop_, way_);
    if (!made) return fail(made.error());
    return std::unique_ptr<Steering>(std::move(*made));
  }

  // The instance that accepted this connection.
  static bool is_accepted_by(const Fd& client, const ProcessId& server) {
    sockaddr_storage ours{};
    sockaddr_storage theirs{};
    socklen_t size = sizeof ours;
    EXPECT_EQ(::getsockname(client.get(), reinterpret_cast<sockaddr*>(&ours), &size), 0);
    size = sizeof theirs;
    EXPECT_EQ(::getpeername(client.get(), reinterpret_cast<sockaddr*>(&theirs), &size), 0);
    auto diag = SockDiag::create();
    const auto inode =
        diag->connection_inode(*Endpoint::from_sockaddr(theirs), *Endpoint::from_sockaddr(ours));
    EXPECT_TRUE(inode);
    const auto inodes = socket_inodes(server);
    EXPECT_TRUE(inodes);
    return std::ranges::binary_search(*inodes, *inode);
  }

  Handover way_ = Handover::Plain;
};

struct OwnerCase {
  const char* name;
  Endpoint bound;
  Dual dual;
  Endpoint target;
  Serving serving;
};

class OwnerConnectTest : public UnsteeredTest, public testing::WithParamInterface<OwnerCase> {};

INSTANTIATE_TEST_SUITE_P(
    Families, OwnerConnectTest,
    testing::Values(OwnerCase{"IPv4", kAny, Dual::No, kLocal, Serving::UntilEof},
                    OwnerCase{"IPv6", v6("::"), Dual::No, v6("::1"), Serving::UntilEof},
                    OwnerCase{"DualStackByIPv4", v6("::"), Dual::Yes, kLocal, Serving::UntilEof},
                    OwnerCase{"AcceptedByAWorker", kAny, Dual::No, kLocal, Serving::InAChild}),
    [](const auto& instance) { return instance.param.name; });

TEST_P(OwnerConnectTest, ReachesExactlyTheAskedInstance) {
  const OwnerCase& param = GetParam();
  std::vector<std::unique_ptr<ForkedServer>> servers;
  for (InstanceId instance = 1; instance <= 4; ++instance) {
    Fd listener = listen_on(param.bound, param.dual);
    servers.push_back(std::make_unique<ForkedServer>(listener, param.serving));
    ASSERT_TRUE(steering_->add(instance, servers.back()->id(), duplicates({&listener})));
  }
  for (int i = 0; i < 40; ++i) {
    const InstanceId asked = 1 + i % 4;
    const auto connected = aimed_connect(*loop_, *steering_, asked, param.target);
    ASSERT_TRUE(connected) << connected.error().message;
    EXPECT_TRUE(is_accepted_by(*connected, servers[static_cast<size_t>(asked - 1)]->id()));
  }
}

// As Apache, uWSGI, Unicorn, Bun and h2o do: the kernel holds a connection back until its client sends
// something.
class DeferredTest : public UnsteeredTest {
 protected:
  void serve(InstanceId instance) {
    Fd listener = listen_on(kAny);
    const int seconds = 30;
    ASSERT_EQ(::setsockopt(listener.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds), 0);
    servers_.push_back(std::make_unique<ForkedServer>(listener));
    ASSERT_TRUE(steering_->add(instance, servers_.back()->id(), duplicates({&listener})));
  }

  std::vector<std::unique_ptr<ForkedServer>> servers_;
};

TEST_F(DeferredTest, TheOnlyInstanceIsReachedWithNothingSent) {
  serve(1);
  const auto connected = aimed_connect(*loop_, *steering_, 1, kLocal);
  ASSERT_TRUE(connected) << connected.error().message;
}

TEST_F(DeferredTest, TheFirstByteTellsWhichInstanceAccepts) {
  for (InstanceId instance = 1; instance <= 3; ++instance) serve(instance);
  for (int i = 0; i < 12; ++i) {
    const InstanceId asked = 1 + i % 3;
    const auto connected = aimed_connect(*loop_, *steering_, asked, kLocal, 2s, "G");
    ASSERT_TRUE(connected) << connected.error().message;
    EXPECT_TRUE(is_accepted_by(*connected, servers_[static_cast<size_t>(asked - 1)]->id()));
  }
}

// Else the old release's answer over TLS could make the new one ready.
TEST_F(DeferredTest, WithoutAFirstByteNoInstanceIsTakenForAnother) {
  for (InstanceId instance = 1; instance <= 2; ++instance) serve(instance);
  const auto connected = aimed_connect(*loop_, *steering_, 1, kLocal);
  ASSERT_FALSE(connected);
  EXPECT_NE(connected.error().message.find("TCP_DEFER_ACCEPT"), std::string::npos)
      << connected.error().message;
  EXPECT_NE(connected.error().hint.find("ready.address"), std::string::npos);
}

TEST_F(UnsteeredTest, GivesUpOnAServerThatClosesAtOnceAndSaysWhatHelps) {
  Fd listener = listen_on(kAny);
  // An instance other than the wanted one accepts: else a connection might be found before it is closed.
  const ForkedServer asked(listener);
  ASSERT_EQ(::kill(asked.id().pid, SIGSTOP), 0);
  const ForkedServer closing(listener, Serving::AtOnce);
  ASSERT_TRUE(steering_->add(1, asked.id(), {}));
  close_listener(listener);
  const auto connected = aimed_connect(*loop_, *steering_, 1, kLocal, 200ms);
  ASSERT_FALSE(connected);
  EXPECT_NE(connected.error().hint.find("ready.address"), std::string::npos);
}

TEST_F(UnsteeredTest, FailsAtOnceWhereNobodyListens) {
  ASSERT_TRUE(steering_->add(1, own_id(), {}));
  const auto connected = aimed_connect(*loop_, *steering_, 1, kLocal, 5s);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().kind, ErrorKind::NotFound);
}

TEST_F(UnsteeredTest, DoesNotTroubleTheOthersForAnInstanceThatDoesNotListenYet) {
  const Fd others = listen_on(kAny);
  Fd elsewhere = listen_on(v4("127.0.0.1", 9000));
  const ForkedServer asked(elsewhere);
  ASSERT_TRUE(steering_->add(1, asked.id(), {}));
  const auto connected = aimed_connect(*loop_, *steering_, 1, kLocal, 5s);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().kind, ErrorKind::NotFound);
  EXPECT_EQ(accept_all(others), 0);
}

TEST_F(UnsteeredTest, KeepsNoDuplicate) {
  const Fd listener = listen_on(kAny);
  const size_t before = count_descriptors();
  ASSERT_TRUE(steering_->add(1, own_id(), duplicates({&listener})));
  EXPECT_EQ(count_descriptors(), before);
}

class MigrateTest : public UnsteeredTest {
 protected:
  MigrateTest() { way_ = Handover::Migrate; }
};

// It is added again whenever it may have opened a listener anew.
TEST_F(MigrateTest, ANewcomerIsReachedAlsoAfterTheServingOneWasAddedAgain) {
  Fd old_one = listen_on(kAny);
  Fd fresh = listen_on(kAny);
  const ForkedServer serving(old_one);
  const ForkedServer newcomer(fresh);
  ASSERT_TRUE(steering_->add(1, serving.id(), duplicates({&old_one})));
  ASSERT_TRUE(steering_->shift({{1, 1.0}}));
  ASSERT_TRUE(steering_->add(2, newcomer.id(), duplicates({&fresh})));
  ASSERT_TRUE(steering_->add(1, serving.id(), duplicates({&old_one})));
  for (int i = 0; i < 10; ++i) {
    const auto connected = aimed_connect(*loop_, *steering_, 2, kLocal);
    ASSERT_TRUE(connected) << connected.error().message;
    EXPECT_TRUE(is_accepted_by(*connected, newcomer.id()));
  }
}

TEST_F(MigrateTest, TurnsClientsAwayFromThoseThatLeaveUntilTheyHaveClosed) {
  Fd leaving = listen_on(kAny);
  Fd fresh = listen_on(kAny);
  ASSERT_TRUE(steering_->add(1, own_id(), duplicates({&leaving})));
  ASSERT_TRUE(steering_->shift({{1, 1.0}}));
  ASSERT_TRUE(steering_->add(2, own_id(), duplicates({&fresh})));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(connect_to(kLocal));
  EXPECT_GT(accept_all(fresh), 10) << "nobody is gated";
  const Fd waiting = connect_to(kLocal);

  ASSERT_TRUE(steering_->shift({{2, 1.0}}));
  accept_all(leaving);
  accept_all(fresh);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(connect_to(kLocal));
  EXPECT_EQ(accept_all(leaving), 0);
  EXPECT_EQ(accept_all(fresh), 100);
  const Fd later = listen_on(kAny);
  struct stat status{};
  ASSERT_EQ(::fstat(leaving.get(), &status), 0);
  leaving.reset();
  const auto is_closed = [&] { return *count_own_descriptors(static_cast<uint32_t>(status.st_ino)) == 0; };
  loop_->run_until(is_closed, std::chrono::steady_clock::now() + 10s);
  ASSERT_TRUE(is_closed());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(connect_to(kLocal));
  EXPECT_GT(accept_all(later), 10) << "the program is gone";
}

class HandoverTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    auto loop = Loop::create();
    ASSERT_TRUE(loop);
    loop_ = std::move(*loop);
  }

  std::unique_ptr<Loop> loop_;
};

TEST_F(HandoverTest, SteersWhereItCan) {
  const auto chosen = choose_steering(*loop_, std::nullopt);
  ASSERT_TRUE(chosen) << chosen.error().message;
  EXPECT_EQ((*chosen)->way(), Handover::Steer);
  EXPECT_EQ(best_handover().way, Handover::Steer);
}

TEST_F(HandoverTest, MigratesOnlyWhereTheKernelIsSetToDoSo) {
  const auto refused = choose_steering(*loop_, Handover::Migrate);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Unsupported);
  EXPECT_EQ(refused.error().hint, "sysctl -w net.ipv4.tcp_migrate_req=1");
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "1"));
  const auto chosen = choose_steering(*loop_, Handover::Migrate);
  ASSERT_TRUE(chosen);
  EXPECT_EQ((*chosen)->way(), Handover::Migrate);
}

TEST_F(HandoverTest, SteersByAClassicProgramForAnOrdinaryUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "changes its uid, which only root may";
  // In a child, because the change cannot be undone.
  const auto steered = [&] {
    if (::setresuid(65534, 65534, 65534) != 0) return 2;
    const auto insisted = choose_steering(*loop_, Handover::Steer);
    if (!insisted || (*insisted)->outlives_rollctl()) return 3;
    const HandoverChoice best = best_handover();
    if (best.why_not_ebpf->kind != ErrorKind::NotPermitted || best.why_not_ebpf->hint.empty()) return 4;
    const auto chosen = choose_steering(*loop_, std::nullopt);
    return chosen && (*chosen)->way() == Handover::Steer && best.way == Handover::Steer ? 0 : 5;
  };
  EXPECT_EXIT(::_exit(steered()), testing::ExitedWithCode(0), "");
}

TEST_F(HandoverTest, SteersByNothingElseThanWhatTheEnvironmentNames) {
  ::setenv("ROLLCTL_STEERING", "classic", 1);
  const auto classic = choose_steering(*loop_, Handover::Steer);
  ::setenv("ROLLCTL_STEERING", "neither", 1);
  const auto neither = choose_steering(*loop_, Handover::Steer);
  ::unsetenv("ROLLCTL_STEERING");
  ASSERT_TRUE(classic) << classic.error().message;
  EXPECT_FALSE((*classic)->outlives_rollctl());
  ASSERT_FALSE(neither);
  EXPECT_EQ(neither.error().kind, ErrorKind::Unsupported);
}

TEST_F(HandoverTest, PlainlyEndsASteeringThatAKilledRollctlLeft) {
  const Fd listener = listen_on(kAny);
  {
    const auto killed = ClassicSteering::create(*loop_);
    ASSERT_TRUE(killed);
    ASSERT_TRUE((*killed)->add(1, own_id(), duplicates({&listener})));
    ASSERT_TRUE((*killed)->shift({{1, 1.0}}));
  }
  const Fd newer = listen_on(kAny);
  const auto plain = choose_steering(*loop_, Handover::Plain);
  ASSERT_TRUE(plain);
  ASSERT_TRUE((*plain)->add(1, own_id(), duplicates({&listener})));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(connect_to(kLocal));
  EXPECT_GT(accept_all(newer), 10);
}

TEST_F(HandoverTest, IsPlainWhenAsked) {
  const auto chosen = choose_steering(*loop_, Handover::Plain);
  ASSERT_TRUE(chosen);
  EXPECT_EQ((*chosen)->way(), Handover::Plain);
}

}  // namespace
}  // namespace rollctl::test
