// SPDX-License-Identifier: MIT
// The contract of every implementation that steers.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <tuple>

#include "steering/reuseport.h"
#include "steering/steering_fixture.h"

namespace rollctl::test {
namespace {

using SteeringContractTest = SteeringByTest;

INSTANTIATE_TEST_SUITE_P(By, SteeringContractTest, testing::Values(By::Ebpf, By::Classic),
                         [](const auto& instance) { return name_of(instance.param); });

TEST_P(SteeringContractTest, GivesAGatedInstanceNoConnection) {
  const Fd old_listener = listen_on(kAny);
  add(1, {&old_listener});
  shift({{1, 1.0}});
  const Fd new_listener = listen_on(kAny);
  connect_times(200, kLocal);
  add(2, {&new_listener});
  connect_times(200, kLocal);
  EXPECT_EQ(accept_all(old_listener), 400);
  EXPECT_EQ(accept_all(new_listener), 0);

  shift({{2, 1.0}});
  connect_times(200, kLocal);
  EXPECT_EQ(accept_all(old_listener), 0);
  EXPECT_EQ(accept_all(new_listener), 200);
}

struct AimedCase {
  const char* name;
  Endpoint bound;
  Dual dual;
  Endpoint target;
};

class AimedConnectTest : public SteeringFixture,
                         public testing::WithParamInterface<std::tuple<By, AimedCase>> {
 protected:
  Result<std::unique_ptr<Steering>> make() override {
    return make_steering(std::get<By>(GetParam()), *loop_);
  }
};

INSTANTIATE_TEST_SUITE_P(
    Families, AimedConnectTest,
    testing::Combine(testing::Values(By::Ebpf, By::Classic),
                     testing::Values(AimedCase{"IPv4", v4("0.0.0.0"), Dual::No, v4("127.0.0.1")},
                                     AimedCase{"IPv4Exact", v4("127.0.0.5"), Dual::No, v4("127.0.0.5")},
                                     AimedCase{"Mapped", v4("127.0.0.5"), Dual::Mapped, v4("127.0.0.5")},
                                     AimedCase{"IPv6", v6("::"), Dual::No, v6("::1")},
                                     AimedCase{"DualStackByIPv4", v6("::"), Dual::Yes, v4("127.0.0.1")},
                                     AimedCase{"DualStackByIPv6", v6("::"), Dual::Yes, v6("::1")})),
    [](const auto& instance) {
      return name_of(std::get<By>(instance.param)) + std::get<AimedCase>(instance.param).name;
    });

TEST_P(AimedConnectTest, ReachesExactlyTheAskedInstanceUnderLoad) {
  const AimedCase& param = std::get<AimedCase>(GetParam());
  const Fd old_listener = listen_on(param.bound, param.dual);
  const Fd new_listener = listen_on(param.bound, param.dual);
  add(1, {&old_listener});
  shift({{1, 1.0}});
  add(2, {&new_listener});

  std::atomic<bool> stop = false;
  std::atomic<int> clients = 0;
  std::atomic<int> at_old = 0;
  // Not more than the queue has room for: a dropped SYN is sent again and counted twice.
  constexpr int kMostQueued = 1000;
  std::thread load([&] {
    while (!stop) {
      if (clients - at_old < kMostQueued && connect_to(param.target)) ++clients;
    }
  });
  std::thread server([&] {
    while (!stop) at_old += accept_all(old_listener);
  });
  int at_new = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto connected = aimed_connect(*loop_, *steering_, 2, param.target);
    EXPECT_TRUE(connected) << connected.error().message;
    if (!connected) break;
    at_new += accept_all(new_listener);
  }
  stop = true;
  load.join();
  server.join();
  at_old += accept_all(old_listener);
  EXPECT_EQ(at_new, 1000);
  EXPECT_EQ(at_old, clients);
  EXPECT_GT(clients, 100);
  if (!steering_->counters(1)) return;
  EXPECT_EQ(steering_->counters(2)->connections, 0U) << "aimed connections are no clients";
  EXPECT_EQ(steering_->counters(1)->connections, static_cast<uint64_t>(clients));
}

TEST_P(SteeringContractTest, AimsExactlyBeforeAnythingIsShifted) {
  constexpr int kMany = 20;
  std::vector<Fd> listeners;
  for (int i = 0; i < kMany; ++i) {
    listeners.push_back(listen_on(kAny));
    add(i + 1, {&listeners.back()});
    ASSERT_TRUE(steering_->guard(Steering::Admitted::Nobody));
  }
  for (int i = 0; i < kMany; ++i) {
    const auto connected = aimed_connect(*loop_, *steering_, i + 1, kLocal);
    ASSERT_TRUE(connected) << connected.error().message;
    EXPECT_EQ(accept_all(listeners[static_cast<size_t>(i)]), 1) << i;
  }
  // Then the rotation decides.
  shift({{7, 1.0}});
  connect_times(50, kLocal);
  EXPECT_EQ(accept_all(listeners[6]), 50);
}

// The deviation that this many draws exceed once in a million.
double chance(double percent, int connections) {
  return 5 * std::sqrt(percent * (100 - percent) / connections);
}

TEST_P(SteeringContractTest, SpreadsByWeightAlsoAmongSeveralListenersEach) {
  const char* wanted = std::getenv("ROLL_STEERING_CONNECTIONS");
  const int connections = wanted != nullptr ? std::atoi(wanted) : 8000;
  const Fd first = listen_on(kAny);
  const Fd second = listen_on(kAny);
  const Fd third = listen_on(kAny);
  const Fd fourth = listen_on(kAny);
  const Fd fifth = listen_on(kAny);
  add(1, {&first, &third, &fifth});
  add(2, {&second, &fourth});
  for (const double percent : {0.0, 1.0, 10.0, 50.0, 100.0}) {
    shift({{1, 100 - percent}, {2, percent}});
    int to_second = 0;
    for (int i = 0; i < connections / 1000; ++i) {
      connect_times(1000, kLocal);
      for (const Fd* listener : {&first, &third, &fifth}) accept_all(*listener);
      to_second += accept_all(second) + accept_all(fourth);
    }
    const double share = 100.0 * to_second / connections;
    // The eBPF table rounds to 1024 entries: less than 0.1 %.
    EXPECT_NEAR(share, percent, chance(percent, connections) + (percent == 0 || percent == 100 ? 0 : 0.1));
    std::printf("%s: weight %g %% of %d connections became %.2f %%\n", name_of(GetParam()).c_str(), percent,
                connections, share);
  }
}

TEST_P(SteeringContractTest, SharesAnInstancesWeightAmongItsListeners) {
  const Fd only = listen_on(kAny);
  const Fd left = listen_on(kAny);
  const Fd right = listen_on(kAny);
  add(1, {&only});
  add(2, {&left, &right});
  shift({{1, 1.0}, {2, 1.0}});
  connect_times(4000, kLocal);
  EXPECT_NEAR(accept_all(only), 2000, 200);
  EXPECT_NEAR(accept_all(left), 1000, 150);
  EXPECT_NEAR(accept_all(right), 1000, 150);
  if (!steering_->counters(2)) return;
  EXPECT_NEAR(static_cast<double>(steering_->counters(2)->connections), 2000, 200);
}

TEST_P(SteeringContractTest, GivesARestartedServerItsConnectionsBack) {
  Fd listener = listen_on(kAny);
  const Fd other = listen_on(kAny);
  add(1, {&listener});
  add(2, {&other});
  shift({{1, 1.0}, {2, 1.0}});
  close_and_await(listener);
  const Fd restarted = listen_on(kAny);
  connect_times(100, kLocal);
  EXPECT_EQ(accept_all(restarted), 0);
  add(1, {&restarted});
  accept_all(other);
  connect_times(400, kLocal);
  EXPECT_NEAR(accept_all(restarted), 200, 80);
}

TEST_P(SteeringContractTest, DoesNotLetAnInstanceInheritTheShareOfASlotThatAnotherGaveUp) {
  const Fd left = listen_on(kAny);
  const Fd right = listen_on(kAny);
  add(1, {&left, &right});
  shift({{1, 1.0}});
  add(1, {&left});
  add(2, {&right});
  connect_times(200, kLocal);
  EXPECT_EQ(accept_all(left), 200);
  EXPECT_EQ(accept_all(right), 0);
}

TEST_P(SteeringContractTest, SteersTwoAddressesAndLeavesOneAloneThatTheRotationDoesNotListenOn) {
  const Endpoint second_address = v4("127.0.0.1", 8081);
  const Fd old_first = listen_on(kAny);
  const Fd old_second = listen_on(second_address);
  add(1, {&old_first, &old_second});
  shift({{1, 1.0}});
  const Fd new_first = listen_on(kAny);
  add(2, {&new_first});
  shift({{2, 1.0}});
  connect_times(100, kLocal);
  connect_times(100, second_address);
  EXPECT_EQ(accept_all(old_first), 0);
  EXPECT_EQ(accept_all(new_first), 100);
  EXPECT_EQ(accept_all(old_second), 100);
  if (!steering_->outlives_rollctl()) return;
  EXPECT_EQ(steering_->share(1)->size(), 2U);
  EXPECT_EQ(steering_->share(2)->size(), 1U);
}

TEST_P(SteeringContractTest, RefusesAListenerWithoutReuseport) {
  Fd plain(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage;
  const socklen_t size = v4("127.0.0.1", 9000).to_sockaddr(storage);
  ASSERT_EQ(::bind(plain.get(), reinterpret_cast<sockaddr*>(&storage), size), 0);
  ASSERT_EQ(::listen(plain.get(), 10), 0);
  const auto added = steering_->add(1, own_id(), duplicates({&plain}));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, ErrorKind::Unsupported);
  EXPECT_NE(added.error().message.find("without SO_REUSEPORT"), std::string::npos) << added.error().message;
}

TEST_P(SteeringContractTest, RefusesARotationOfStrangers) {
  const auto shifted = steering_->shift({{7, 1.0}});
  ASSERT_FALSE(shifted);
  EXPECT_EQ(shifted.error().kind, ErrorKind::Invalid);
}

TEST_P(SteeringContractTest, GivesAnInstanceThatDidNotListenItsShareOnceItDoes) {
  const Fd first = listen_on(kAny);
  add(1, {&first});
  shift({{1, 1.0}, {2, 1.0}});
  const Fd second = listen_on(kAny);
  connect_times(100, kLocal);
  EXPECT_EQ(accept_all(second), 0);
  add(2, {&second});
  connect_times(400, kLocal);
  EXPECT_NEAR(accept_all(second), 200, 80);
}

TEST_P(SteeringContractTest, DetachesWhenNobodyListensAnyMore) {
  Fd listener = listen_on(kAny);
  add(1, {&listener});
  shift({{1, 1.0}});
  close_listener(listener);
  EXPECT_TRUE(steering_->detach());
  const Fd again = listen_on(kAny);
  connect_times(10, kLocal);
  EXPECT_EQ(accept_all(again), 10);
}

}  // namespace
}  // namespace rollctl::test
