// SPDX-License-Identifier: MIT
// Processes beside the main one: who is told to end, and what is killed.
#include <csignal>

#include "shim_fixture.h"

namespace rollctl::test {
namespace {

using Kind = ShimEvent::Kind;

class ChildrenTest : public ShimTest {
 protected:
  // The main process ends at SIGTERM and tells its child nothing.
  LaunchSpec leaving_a_child() { return shell_spec("sleep 1000 & echo up; wait"); }

  static const InstanceRecord& record(const Watched& shim) { return shim.events.back().record; }
  bool await_up(const LaunchSpec& spec) {
    return await([&] { return text_of(spec.log_path) == "up\n"; });
  }
};

TEST_F(ChildrenTest, OfAServerThatTellsThemNothingAreKilledAtTheDeadlineAndCounted) {
  const LaunchSpec spec = leaving_a_child();
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await_up(spec));
  ASSERT_TRUE(shim.client->drain({SIGTERM, Millis(300)}).await());
  // The end of the main process is told while its child lives.
  ASSERT_TRUE(await(shim, Kind::StatusText));
  EXPECT_EQ(record(shim).server.pid, 0);
  EXPECT_EQ(record(shim).exit->signal, SIGTERM);
  ASSERT_TRUE(await(shim, Kind::Exited));
  EXPECT_EQ(shim.find(Kind::Exited)->processes_killed, 1U);
}

TEST_F(ChildrenTest, AreToldAsWellWhereTheScopeIsAll) {
  const LaunchSpec spec = leaving_a_child();
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await_up(spec));
  ASSERT_TRUE(shim.client->drain({SIGTERM, Millis(60'000), DrainStart::Signal, DrainScope::All}).await());
  ASSERT_TRUE(await(shim, Kind::Exited)) << "it waited for the deadline";
  EXPECT_EQ(shim.find(Kind::Exited)->processes_killed, 0U);
}

TEST_F(ChildrenTest, AreToldByAFurtherOrderWithTheScopeAll) {
  const LaunchSpec spec = leaving_a_child();
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await_up(spec));
  ASSERT_TRUE(shim.client->drain({SIGTERM, Millis(60'000)}).await());
  ASSERT_TRUE(await(shim, Kind::StatusText));
  ASSERT_TRUE(shim.client->drain({SIGTERM, Millis(60'000), DrainStart::Signal, DrainScope::All}).await());
  EXPECT_TRUE(await(shim, Kind::Exited));
}

TEST_F(ChildrenTest, AreToldOnceTheShimItselfIsToldToEnd) {
  LaunchSpec spec = leaving_a_child();
  spec.drain_scope = DrainScope::All;
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await_up(spec));
  ASSERT_TRUE(ProcessRef::open(shim.client->record().shim)->send_signal(SIGTERM));
  EXPECT_TRUE(await(shim, Kind::Exited));
}

}  // namespace
}  // namespace rollctl::test
