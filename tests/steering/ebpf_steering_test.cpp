// SPDX-License-Identifier: MIT
#include "steering/ebpf_steering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "steering/ebpf_fixture.h"
#include "steering/reuseport.h"

namespace roll::test {
namespace {

TEST_F(EbpfSteeringTest, GivesAGatedInstanceNoConnection) {
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

class AimedConnectTest : public EbpfSteeringTest, public testing::WithParamInterface<AimedCase> {};

INSTANTIATE_TEST_SUITE_P(Families, AimedConnectTest,
                         testing::Values(AimedCase{"IPv4", v4("0.0.0.0"), Dual::No, v4("127.0.0.1")},
                                         AimedCase{"IPv4Exact", v4("127.0.0.5"), Dual::No, v4("127.0.0.5")},
                                         AimedCase{"IPv6", v6("::"), Dual::No, v6("::1")},
                                         AimedCase{"DualStackByIPv4", v6("::"), Dual::Yes, v4("127.0.0.1")},
                                         AimedCase{"DualStackByIPv6", v6("::"), Dual::Yes, v6("::1")}),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(AimedConnectTest, ReachesExactlyTheAskedInstanceUnderLoad) {
  const AimedCase& param = GetParam();
  const Fd old_listener = listen_on(param.bound, param.dual);
  const Fd new_listener = listen_on(param.bound, param.dual);
  add(1, {&old_listener});
  shift({{1, 1.0}});
  add(2, {&new_listener});

  std::atomic<bool> stop = false;
  std::atomic<int> clients = 0;
  std::thread load([&] {
    while (!stop) {
      if (connect_to(param.target)) ++clients;
    }
  });
  std::atomic<int> at_old = 0;
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
  EXPECT_EQ(steering_->counters(2)->connections, 0U) << "aimed connections are no clients";
  EXPECT_EQ(steering_->counters(1)->connections, static_cast<uint64_t>(clients));
}

TEST_F(EbpfSteeringTest, SpreadsByWeight) {
  const Fd first = listen_on(kAny);
  const Fd second = listen_on(kAny);
  add(1, {&first});
  add(2, {&second});
  struct Case {
    double percent;
    int connections;
    double tolerance;  // at least four standard deviations of so many draws
  };
  for (const auto& [percent, connections, tolerance] :
       {Case{1, 8000, 0.6}, Case{10, 16000, 1.0}, Case{50, 20000, 1.5}}) {
    shift({{1, 100 - percent}, {2, percent}});
    int to_second = 0;
    for (int i = 0; i < connections / 1000; ++i) {
      connect_times(1000, kLocal);
      accept_all(first);
      to_second += accept_all(second);
    }
    EXPECT_NEAR(100.0 * to_second / connections, percent, tolerance);
  }
}

TEST_F(EbpfSteeringTest, SharesAnInstancesWeightAmongItsListeners) {
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
  EXPECT_NEAR(static_cast<double>(steering_->counters(2)->connections), 2000, 200);
}

TEST_F(EbpfSteeringTest, FallsBackToServingInstancesOnly) {
  Fd dying = listen_on(kAny);
  Fd serving = listen_on(kAny);
  const Fd gated = listen_on(kAny);
  add(1, {&dying});
  add(2, {&serving});
  add(3, {&gated});
  shift({{1, 1.0}, {2, 1.0}});
  close_listener(dying);
  connect_times(400, kLocal);
  EXPECT_EQ(accept_all(serving), 400);
  EXPECT_EQ(accept_all(gated), 0);
  EXPECT_GT(steering_->counters(2)->fallbacks, 100U);

  close_listener(serving);
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(connect_to(kLocal));
    EXPECT_EQ(errno, ECONNREFUSED);
  }
  EXPECT_EQ(accept_all(gated), 0);
}

TEST_F(EbpfSteeringTest, GivesARestartedServerItsConnectionsBack) {
  Fd listener = listen_on(kAny);
  const Fd other = listen_on(kAny);
  add(1, {&listener});
  add(2, {&other});
  shift({{1, 1.0}, {2, 1.0}});
  close_listener(listener);
  const Fd restarted = listen_on(kAny);
  connect_times(100, kLocal);
  EXPECT_EQ(accept_all(restarted), 0);
  add(1, {&restarted});
  accept_all(other);
  connect_times(400, kLocal);
  EXPECT_NEAR(accept_all(restarted), 200, 80);
}

TEST_F(EbpfSteeringTest, AddsAKnownInstanceAgainWithoutLosingItsSlots) {
  const Fd listener = listen_on(kAny);
  add(1, {&listener});
  shift({{1, 1.0}});
  const auto before = steering_->share(1);
  add(1, {&listener});
  const auto after = steering_->share(1);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->front().slots, after->front().slots);
  connect_times(50, kLocal);
  EXPECT_EQ(accept_all(listener), 50);
}

TEST_F(EbpfSteeringTest, DoesNotLetAnInstanceInheritTheShareOfASlotThatAnotherGaveUp) {
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

TEST_F(EbpfSteeringTest, SteersTwoAddressesAndLeavesOneAloneThatTheRotationDoesNotListenOn) {
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
  EXPECT_EQ(steering_->share(1)->size(), 2U);
  EXPECT_EQ(steering_->share(2)->size(), 1U);
}

TEST_F(EbpfSteeringTest, RefusesAListenerWithoutReuseport) {
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

TEST_F(EbpfSteeringTest, RefusesARotationOfStrangers) {
  const auto shifted = steering_->shift({{7, 1.0}});
  ASSERT_FALSE(shifted);
  EXPECT_EQ(shifted.error().kind, ErrorKind::Invalid);
}

TEST_F(EbpfSteeringTest, LeavesNothingBehindWhenItIsDetached) {
  steering_.reset();
  auto made = EbpfSteering::create();
  ASSERT_TRUE(made);
  steering_ = std::move(*made);
  const Fd first = listen_on(kAny);
  const Fd second = listen_on(kAny);
  const int descriptors = count_descriptors();
  std::vector<KernelObjects> objects;
  for (int round = 0; round < 20; ++round) {
    add(1, {&first});
    shift({{1, 1.0}});
    add(2, {&second});
    shift({{1, 1.0}, {2, 1.0}});
    objects.emplace_back(*steering_->share(1));
    EXPECT_TRUE(objects.back().any_left());
    const auto detached = steering_->detach();
    ASSERT_TRUE(detached) << detached.error().message;
    ASSERT_LE(count_descriptors(), descriptors);
    connect_times(100, kLocal);
    ASSERT_EQ(accept_all(first) + accept_all(second), 100);
  }
  // The kernel's own workers free them.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  const auto any_left = [&] { return std::ranges::any_of(objects, &KernelObjects::any_left); };
  while (any_left() && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  EXPECT_FALSE(any_left());
}

TEST_F(EbpfSteeringTest, GatesAgainWhenTheGroupHadDiedForAMoment) {
  Fd old_listener = listen_on(kAny);
  add(1, {&old_listener});
  shift({{1, 1.0}});
  close_listener(old_listener);
  const Fd new_listener = listen_on(kAny);
  add(2, {&new_listener});
  EXPECT_FALSE(connect_to(kLocal));
  const Fd restarted = listen_on(kAny);
  add(1, {&restarted});
  connect_times(100, kLocal);
  EXPECT_EQ(accept_all(restarted), 100);
  EXPECT_EQ(accept_all(new_listener), 0);
}

TEST_F(EbpfSteeringTest, HoldsNoDuplicateOnceItIsAttached) {
  const Fd first = listen_on(kAny);
  const int before = count_descriptors();
  add(1, {&first});
  EXPECT_EQ(count_descriptors(), before + 1) << "one listener is kept for the program to be attached through";
  shift({{1, 1.0}});
  EXPECT_EQ(count_descriptors(), before);
  Fd second = listen_on(kAny);
  add(2, {&second});
  EXPECT_EQ(count_descriptors(), before + 1);
  shift({{2, 1.0}});
  close_listener(second);
  EXPECT_FALSE(connect_to(kLocal));
}

TEST_F(EbpfSteeringTest, LetsAnotherProcessTakeOver) {
  const Fd first = listen_on(kAny);
  const Fd second = listen_on(kAny);
  add(1, {&first});
  add(2, {&second});
  shift({{1, 3.0}, {2, 1.0}});
  auto handles = steering_->share(1);
  ASSERT_TRUE(handles);
  auto more = steering_->share(2);
  ASSERT_TRUE(more);
  handles->push_back(std::move(more->front()));
  steering_.reset();
  connect_times(100, kLocal);
  EXPECT_EQ(accept_all(first) + accept_all(second), 100) << "it stands without its maker";

  auto adopted = EbpfSteering::create({.adopted = std::move(*handles)});
  ASSERT_TRUE(adopted) << adopted.error().message;
  steering_ = std::move(*adopted);
  EXPECT_EQ(steering_->rotation(), (Rotation{{1, 3.0}, {2, 1.0}}));
  add(1, {&first});
  add(2, {&second});
  shift({{2, 1.0}});
  connect_times(100, kLocal);
  EXPECT_EQ(accept_all(first), 0);
  EXPECT_EQ(accept_all(second), 100);
  const auto connected = aimed_connect(*loop_, *steering_, 1, kLocal);
  ASSERT_TRUE(connected) << connected.error().message;
  EXPECT_EQ(accept_all(first), 1);
  EXPECT_TRUE(steering_->detach());
  connect_times(200, kLocal);
  EXPECT_GT(accept_all(first), 50);
}

TEST_F(EbpfSteeringTest, IgnoresHandlesOfASteeringThatWasEnded) {
  const Fd listener = listen_on(kAny);
  add(1, {&listener});
  shift({{1, 1.0}});
  auto handles = steering_->share(1);
  ASSERT_TRUE(handles);
  ASSERT_TRUE(steering_->detach());
  auto adopted = EbpfSteering::create({.adopted = std::move(*handles)});
  ASSERT_TRUE(adopted);
  EXPECT_TRUE((*adopted)->rotation().empty());
  ASSERT_TRUE((*adopted)->add(1, own_id(), duplicates({&listener})));
}

TEST_F(EbpfSteeringTest, DoesNotCareWhoStillHoldsAnEndedSteering) {
  const Fd listener = listen_on(kAny);
  add(1, {&listener});
  shift({{1, 1.0}});
  const auto handles = steering_->share(1);
  ASSERT_TRUE(handles);
  ASSERT_TRUE(steering_->detach());
  add(2, {&listener});
  shift({{2, 1.0}});
  connect_times(50, kLocal);
  EXPECT_EQ(steering_->counters(2)->connections, 50U);
}

TEST_F(EbpfSteeringTest, EndsASteeringWhoseMakerDiedBeforeItSharedIt) {
  const Fd listener = listen_on(kAny);
  add(1, {&listener});
  shift({{1, 1.0}});
  auto again = EbpfSteering::create();
  ASSERT_TRUE(again);
  steering_ = std::move(*again);
  add(2, {&listener});
  shift({{2, 1.0}});
  connect_times(50, kLocal);
  EXPECT_EQ(steering_->counters(2)->connections, 50U);
}

TEST_F(EbpfSteeringTest, GivesAnInstanceThatDidNotListenItsShareOnceItDoes) {
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

TEST_F(EbpfSteeringTest, DetachesWhenNobodyListensAnyMore) {
  Fd listener = listen_on(kAny);
  add(1, {&listener});
  shift({{1, 1.0}});
  close_listener(listener);
  EXPECT_TRUE(steering_->detach());
}

TEST_F(EbpfSteeringTest, MigratesWhatAClosingListenerLeavesAndCountsIt) {
  Fd old_listener = listen_on(kAny);
  const Fd new_listener = listen_on(kAny);
  add(1, {&old_listener});
  add(2, {&new_listener});
  shift({{1, 1.0}});
  std::vector<Fd> waiting;
  for (int i = 0; i < 50; ++i) waiting.push_back(connect_to(kLocal));
  shift({{2, 1.0}});
  close_listener(old_listener);
  EXPECT_EQ(accept_all(new_listener), 50);
  EXPECT_EQ(steering_->counters(2)->migrations, 50U);
}

}  // namespace
}  // namespace roll::test
