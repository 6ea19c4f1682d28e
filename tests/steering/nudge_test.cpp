// SPDX-License-Identifier: MIT
#include "steering/nudge.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "steering/forked_server.h"
#include "steering/reuseport.h"
#include "support/net_namespace.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;

const Endpoint kAny = v4("0.0.0.0");
const Endpoint kLocal = v4("127.0.0.1");

class PushedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override { return {}; }
  void push(Millis duration) { now_ += duration; }

 private:
  TimePoint now_{1h};
};

using NudgeTest = NetNamespaceTest;

TEST_F(NudgeTest, IsOverAtOnceWhenNothingWaits) {
  const Fd listener = listen_on(kAny);
  PushedClock clock;
  auto nudge = Nudge::create({kAny}, 100ms, clock);
  ASSERT_TRUE(nudge);
  EXPECT_EQ((*nudge)->poll(), Nudge::Progress::Over);
  EXPECT_EQ((*nudge)->nudges(), 0U);
}

TEST_F(NudgeTest, NudgesOnlyAQueueThatStaysFilled) {
  const Fd listener = listen_on(kAny);
  const Fd waiting = connect_to(kLocal);
  PushedClock clock;
  auto nudge = Nudge::create({kAny}, 100ms, clock);
  ASSERT_TRUE(nudge);
  EXPECT_EQ((*nudge)->poll(), Nudge::Progress::Watching);
  clock.push(4ms);
  EXPECT_EQ((*nudge)->poll(), Nudge::Progress::Watching);
  EXPECT_EQ((*nudge)->nudges(), 0U);
  clock.push(1ms);
  EXPECT_EQ((*nudge)->poll(), Nudge::Progress::Watching);
  EXPECT_EQ((*nudge)->nudges(), 1U);
  EXPECT_EQ(accept_all(listener), 2);
  EXPECT_EQ((*nudge)->poll(), Nudge::Progress::Over);
}

TEST_F(NudgeTest, GivesUpAtItsBound) {
  const Fd listener = listen_on(kAny);
  const Fd waiting = connect_to(kLocal);
  PushedClock clock;
  auto nudge = Nudge::create({kAny}, 20ms, clock);
  ASSERT_TRUE(nudge);
  EXPECT_EQ((*nudge)->poll(), Nudge::Progress::Watching);
  clock.push(20ms);
  EXPECT_EQ((*nudge)->poll(), Nudge::Progress::Over);
}

TEST_F(NudgeTest, GetsMigratedConnectionsAccepted) {
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "1"));
  Fd old_listener = listen_on(kAny);
  std::vector<Fd> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(connect_to(kLocal));
  Fd new_listener = listen_on(kAny);
  const ForkedServer server(new_listener);
  close_listener(new_listener);
  close_listener(old_listener);

  SystemClock clock;
  auto nudge = Nudge::create({kAny}, 10s, clock);
  ASSERT_TRUE(nudge);
  while ((*nudge)->poll() == Nudge::Progress::Watching) std::this_thread::yield();
  for (const auto& client : clients) {
    pollfd answered{client.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&answered, 1, 10'000), 1);
    EXPECT_EQ(answered.revents, POLLIN);
  }
  RecordProperty("nudges", static_cast<int>((*nudge)->nudges()));
}

}  // namespace
}  // namespace rollctl::test
