// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include "shim_fixture.h"

namespace roll::test {
namespace {

using testing::HasSubstr;

class LaunchTest : public ShimTest {};

TEST_F(LaunchTest, RunsTheServerAndTellsItsProcess) {
  Watched& shim = launch_and_await(stub_spec({"--listen", "127.0.0.1:8080"}));
  const InstanceRecord& record = shim.events.front().record;
  EXPECT_EQ(record.id, 1);
  EXPECT_EQ(record.state, InstanceState::Starting);
  EXPECT_TRUE(ProcessRef::open(record.server));
  EXPECT_TRUE(ProcessRef::open(record.shim));
  EXPECT_TRUE(await(shim, ShimEvent::Kind::NotifiedReady));
  EXPECT_TRUE(shim.client->record().notified_ready);
}

TEST_F(LaunchTest, WritesTheRecordBeforeTheServerRuns) {
  const LaunchSpec spec = shell_spec("cat \"$ROLL_RUN_DIR/instance.json\"; exec sleep 1000");
  LaunchSpec with_dir = spec;
  with_dir.env.push_back("ROLL_RUN_DIR=" + spec.run_dir);
  Watched& shim = launch_and_await(with_dir);
  ASSERT_TRUE(await([&] { return text_of(spec.log_path).find("\"server\"") != std::string::npos; }));
  const auto record = read_instance_record(spec.run_dir);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->server, shim.client->record().server);
  EXPECT_EQ(record->spec.argv, spec.argv);
}

TEST_F(LaunchTest, HandsOutTheListenersOfTheServer) {
  Watched& shim = launch_and_await(stub_spec({"--listen", "127.0.0.1:8080"}));
  ASSERT_TRUE(await(shim, ShimEvent::Kind::NotifiedReady));
  const auto listeners = shim.client->take_listeners();
  ASSERT_TRUE(listeners) << listeners.error().message;
  ASSERT_EQ(listeners->size(), 1U);
  EXPECT_EQ(listeners->front().bound.text(), "127.0.0.1:8080");
}

TEST_F(LaunchTest, DrainsAndLeavesNothingBehind) {
  const LaunchSpec spec = stub_spec({"--listen", "127.0.0.1:8080"});
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await(shim, ShimEvent::Kind::NotifiedReady));
  ASSERT_TRUE(shim.client->set_role(InstanceState::Serving, 100));
  ASSERT_TRUE(shim.client->drain({SIGTERM, kSoon}));
  ASSERT_TRUE(await(shim, ShimEvent::Kind::Exited));
  const ShimEvent& end = *shim.find(ShimEvent::Kind::Exited);
  EXPECT_EQ(end.record.state, InstanceState::Stopped);
  EXPECT_EQ(end.exit->code, 0);
  EXPECT_FALSE(end.connections_cut);
  EXPECT_FALSE(exists(spec.run_dir));
  EXPECT_TRUE(await(shim, ShimEvent::Kind::Gone));
  EXPECT_TRUE(await([] { return processes() == 0; }));
}

}  // namespace
}  // namespace roll::test
