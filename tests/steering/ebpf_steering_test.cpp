// SPDX-License-Identifier: MIT
#include "steering/ebpf_steering.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "base/descriptor_limit.h"
#include "bpf/steer_program.h"
#include "steering/reuseport.h"
#include "steering/steering_fixture.h"
#include "support/descriptors.h"

namespace rollctl::test {
namespace {

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

TEST_F(EbpfSteeringTest, WhileTheRotationHasNoListenerAnyServesIfThatIsAllowed) {
  Fd closing = listen_on(kAny);
  const Fd standby = listen_on(kAny);
  add(1, {&closing});
  add(2, {&standby});
  shift({{1, 1.0}});
  ASSERT_TRUE(steering_->fall_back_to(Steering::Fallback::AnyListener));
  connect_times(50, kLocal);
  EXPECT_EQ(accept_all(closing), 50);
  EXPECT_EQ(accept_all(standby), 0) << "the rotation has a listener";

  close_listener(closing);
  connect_times(50, kLocal);
  EXPECT_EQ(accept_all(standby), 50);
  const Fd anew = listen_on(kAny);
  connect_times(50, kLocal);
  EXPECT_EQ(accept_all(anew) + accept_all(standby), 50) << "it is in no slot yet";

  ASSERT_TRUE(steering_->fall_back_to(Steering::Fallback::Nobody));
  EXPECT_FALSE(connect_to(kLocal));
  add(1, {&anew});
  connect_times(50, kLocal);
  EXPECT_EQ(accept_all(anew), 50);
}

TEST_F(EbpfSteeringTest, EachShiftEndsTheFallback) {
  Fd closing = listen_on(kAny);
  const Fd gated = listen_on(kAny);
  add(1, {&closing});
  shift({{1, 1.0}});
  ASSERT_TRUE(steering_->fall_back_to(Steering::Fallback::AnyListener));
  shift({{1, 1.0}});
  close_listener(closing);
  EXPECT_FALSE(connect_to(kLocal));
  EXPECT_EQ(accept_all(gated), 0);
}

TEST_F(EbpfSteeringTest, TheNextRollctlMayShiftWhileNothingListens) {
  Fd closing = listen_on(kAny);
  add(1, {&closing});
  shift({{1, 1.0}});
  auto handles = steering_->share(1);
  ASSERT_TRUE(handles);
  close_listener(closing);
  EbpfSteeringOptions options;
  options.adopted = std::move(*handles);
  auto next = EbpfSteering::create(std::move(options));
  ASSERT_TRUE(next);
  const Status shifted = (*next)->shift({});
  EXPECT_TRUE(shifted) << shifted.error().message;
}

TEST_F(EbpfSteeringTest, NobodyIsRefusedWhileOneOfSixteenServes) {
  constexpr size_t kInstances = 16;
  std::vector<Fd> listeners;
  Rotation rotation;
  for (size_t i = 0; i < kInstances; ++i) listeners.push_back(listen_on(kAny));
  for (size_t i = 0; i < kInstances; ++i) {
    const auto id = static_cast<InstanceId>(i + 1);
    add(id, {&listeners[i]});
    rotation[id] = 1.0;
  }
  shift(rotation);
  for (size_t i = 1; i < kInstances; ++i) close_listener(listeners[i]);
  connect_times(400, kLocal);
  EXPECT_EQ(accept_all(listeners.front()), 400);
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

TEST_F(EbpfSteeringTest, IsLoadedWhateverSignalsCome) {
  struct sigaction handler{};
  struct sigaction before{};
  handler.sa_handler = [](int) {};
  ASSERT_EQ(sigaction(SIGALRM, &handler, &before), 0);
  const itimerval often{{0, 1000}, {0, 1000}};
  const itimerval never{};
  ASSERT_EQ(setitimer(ITIMER_REAL, &often, nullptr), 0);
  for (int i = 0; i < 200; ++i) {
    const auto loaded = load_steer_program();
    EXPECT_TRUE(loaded) << loaded.error().message;
  }
  ASSERT_EQ(setitimer(ITIMER_REAL, &never, nullptr), 0);
  ASSERT_EQ(sigaction(SIGALRM, &before, nullptr), 0);
}

TEST_F(EbpfSteeringTest, LeavesNothingBehindWhenItIsDetached) {
  begin();
  const Fd first = listen_on(kAny);
  const Fd second = listen_on(kAny);
  const size_t descriptors = count_descriptors();
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
  // Kernel workers free them.
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
  const size_t before = count_descriptors();
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

TEST_F(EbpfSteeringTest, WaitsUntilTheKernelHasFreedAnEarlierSteering) {
  const Fd listener = listen_on(kAny);
  add(1, {&listener});
  shift({{1, 1.0}});
  auto handles = steering_->share(1);
  ASSERT_TRUE(handles);
  auto again = EbpfSteering::create();
  ASSERT_TRUE(again);
  steering_ = std::move(*again);
  // On a busy machine the kernel's workers free it this late.
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    handles->clear();
  });
  add(2, {&listener});
  late.join();
  shift({{2, 1.0}});
  connect_times(50, kLocal);
  EXPECT_EQ(steering_->counters(2)->connections, 50U);
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

struct Asked {
  Endpoint bound;
  Dual dual;
  Endpoint target;
};

class ProbeSteeringTest : public EbpfSteeringTest, public testing::WithParamInterface<Asked> {};

INSTANTIATE_TEST_SUITE_P(Over, ProbeSteeringTest,
                         testing::Values(Asked{kAny, Dual::No, kLocal}, Asked{v6("::"), Dual::No, v6("::1")},
                                         Asked{v6("::"), Dual::Yes, kLocal},
                                         Asked{v6("::"), Dual::Yes, v6("::1")}),
                         [](const auto& of) { return "Way" + std::to_string(of.index); });

// A server that binds, cannot load its application and ends would be answered for by another.
TEST_P(ProbeSteeringTest, IsResetRatherThanMigrated) {
  Fd asked = listen_on(GetParam().bound, GetParam().dual);
  const Fd serving = listen_on(GetParam().bound, GetParam().dual);
  add(1, {&asked});
  add(2, {&serving});
  shift({{2, 1.0}});
  std::optional<Result<Fd>> connected;
  const TimePoint deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  auto attempt = steering_->connect(*loop_, 1, GetParam().target, deadline, "G",
                                    [&](Result<Fd> socket) { connected = std::move(socket); });
  loop_->run_until([&] { return connected.has_value(); }, deadline);
  ASSERT_TRUE(connected && *connected);
  close_listener(asked);
  pollfd readable{(*connected)->get(), POLLIN, 0};
  EXPECT_EQ(::poll(&readable, 1, 10'000), 1);
  char byte = 0;
  EXPECT_EQ(::recv((*connected)->get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_EQ(accept_all(serving), 0);
  EXPECT_EQ(steering_->counters(2)->migrations, 0U);
}

TEST_F(EbpfSteeringTest, RefusesClientsUntilSomebodyIsShiftedIn) {
  const Fd first = listen_on(kAny);
  add(1, {&first});
  ASSERT_TRUE(steering_->guard(Steering::Admitted::Nobody));
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(connect_to(kLocal));
    EXPECT_EQ(errno, ECONNREFUSED);
  }
  EXPECT_TRUE(aimed_connect(*loop_, *steering_, 1, kLocal));
  EXPECT_EQ(accept_all(first), 1);
  shift({{1, 1.0}});
  connect_times(20, kLocal);
  EXPECT_EQ(accept_all(first), 20);
}

TEST_F(EbpfSteeringTest, AdmitsAllThatWereAddedWhereThatIsMeant) {
  const Fd first = listen_on(kAny);
  add(1, {&first});
  ASSERT_TRUE(steering_->guard(Steering::Admitted::All));
  const Fd second = listen_on(kAny);
  add(2, {&second});
  ASSERT_TRUE(steering_->guard(Steering::Admitted::All));
  connect_times(200, kLocal);
  const int at_first = accept_all(first);
  EXPECT_GT(at_first, 50);
  EXPECT_EQ(at_first + accept_all(second), 200);
}

// An instance that left the rotation and closed its listener needs no slot, even if its server still runs.
TEST_F(EbpfSteeringTest, UsesTheSlotsOfThoseThatHaveClosed) {
  raise_descriptor_limit();
  if (descriptor_limit() < 2 * kMostSteered) GTEST_SKIP() << "the hard limit of descriptors is too low";
  std::vector<Fd> old;
  for (InstanceId id = 1; id <= static_cast<InstanceId>(kMostSteered); ++id) {
    old.push_back(listen_on(kAny));
    add(id, {&old.back()});
  }
  const Fd fresh = listen_on(kAny);
  const InstanceId next = static_cast<InstanceId>(kMostSteered) + 1;
  EXPECT_FALSE(steering_->add(next, own_id(), duplicates({&fresh})));
  shift({{2, 1.0}});
  close_listener(old.front());
  EXPECT_TRUE(steering_->add(next, own_id(), duplicates({&fresh})));
}

}  // namespace
}  // namespace rollctl::test
