// SPDX-License-Identifier: MIT
// Servers that close their listeners and open others while a change runs.
#include "deploy_world.h"

namespace rollctl::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ListenersTest : public DeployTest {
 protected:
  // That happens in so much time, and clients may be refused meanwhile.
  void in(Micros delay, const std::function<void()>& happens) {
    scheduler.in(delay, [this, happens] {
      const bool may_now = std::exchange(rules.may_go_dark, true);
      happens();
      rules.may_go_dark = may_now;
    });
  }
};

RolloutRequest watched(RolloutRequest request) {
  request.bake = Millis(1000);
  return request;
}

TEST_F(ListenersTest, TheOldOnesServeWhileTheNewOneOpensItsListenerAnew) {
  standing("v1", 1);
  in(Millis(500), [this] {
    instances.close_listener(2);
    EXPECT_THAT(steering.receivers(), ElementsAre(1));
    instances.reopen_listener(2);
    instances.refill(2);
    EXPECT_THAT(steering.receivers(), ElementsAre(2));
  });
  EXPECT_EQ(run(watched(deploy("v2", 1))).outcome, Outcome::Deployed);
}

TEST_F(ListenersTest, NobodyServesInPlaceOfOneWhoseSuccessorIsNotReady) {
  standing("v1", 1);
  ServerScript slow;
  slow.ready = Millis(100);
  instances.scripts["v2"] = {slow};
  in(Millis(50), [this] {
    instances.close_listener(1);
    EXPECT_THAT(steering.receivers(), IsEmpty()) << "v2 listens, but is not ready";
    instances.reopen_listener(1);
    instances.refill(1);
  });
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::Deployed);
}

TEST_F(ListenersTest, TheNextBatchClosesTheFallbackAgain) {
  standing("v1", 2);
  ServerScript good;
  ServerScript slow;
  slow.ready = Millis(100);
  instances.scripts["v2"] = {good, slow};
  RolloutRequest request = watched(deploy("v2", 2));
  bool was_looked_at = false;
  in(Millis(1050), [&] {
    const FakeServer* second = instances.find(4);
    ASSERT_NE(second, nullptr) << "it is being started";
    ASSERT_TRUE(second->listening && !second->ready);
    for (InstanceId id : {2, 3}) instances.close_listener(id);
    EXPECT_THAT(steering.receivers(), IsEmpty());
    for (InstanceId id : {2, 3}) instances.reopen_listener(id);
    for (InstanceId id : {2, 3}) instances.refill(id);
    was_looked_at = true;
  });
  EXPECT_EQ(run(request).outcome, Outcome::Deployed);
  EXPECT_TRUE(was_looked_at);
}

// Where no shim can look after the steering, rollctl does.
TEST_F(ListenersTest, AListenerThatIsOpenedAnewIsBackInTheRotationSoon) {
  steering.outlives = false;
  standing("v1", 1);
  bool was_looked_at = false;
  in(Millis(500), [this] { instances.reopen_listener(2); });
  in(Millis(550), [&] {
    EXPECT_THAT(steering.receivers(), ElementsAre(2));
    was_looked_at = true;
  });
  EXPECT_EQ(run(watched(deploy("v2", 1))).outcome, Outcome::Deployed);
  EXPECT_TRUE(was_looked_at);
}

TEST_F(ListenersTest, AServerThatIsBusyAfterItListensIsNotReadyYet) {
  standing("v1", 1);
  ServerScript fails;
  fails.busy = Millis(40);
  fails.exits = Millis(31);
  instances.scripts["v2"] = {fails};
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_EQ(observer.count("traffic.shifted"), 0);
  EXPECT_THAT(serving("v1"), ElementsAre(1));
}

TEST_F(ListenersTest, AServerThatStaysBusyIsReadyAfterAll) {
  standing("v1", 1);
  ServerScript busy;
  busy.busy = Millis(10'000);
  instances.scripts["v2"] = {busy};
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_LT(verdict.duration, Millis(200));
}

TEST_F(ListenersTest, AServerThatStopsListeningBeforeTheShiftGetsNoTraffic) {
  standing("v1", 1);
  ServerScript fails;
  fails.ready = Micros(1000);
  instances.scripts["v2"] = {fails};
  observer.hear = [this](const Event& event) {
    if (event_name(event) == "instance.ready") instances.close_listener(2);
  };
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_THAT(verdict.reason, HasSubstr("stopped listening before it got a connection"));
  EXPECT_EQ(observer.count("traffic.shifted"), 0);
}

}  // namespace
}  // namespace rollctl::test
