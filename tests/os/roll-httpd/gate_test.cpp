// SPDX-License-Identifier: MIT
// $ROLL_GATE_FD: ready, but not listening until the gate opens.
#include "os/roll-httpd/httpd_fixture.h"

namespace rollctl::test {
namespace {

class GateTest : public HttpdTest {
 protected:
  void launch_gated(const Pipe& pipe) {
    launch({"--listen", "127.0.0.1:8080"}, {"ROLL_GATE_FD=7"}, {{pipe.read.get(), 7}});
  }
};

TEST_F(GateTest, ListensOnlyWhenTheGateReadsItsEnd) {
  Pipe gate = make_pipe().value();
  launch_gated(gate);
  ASSERT_EQ(read_notification().substr(0, 8), "READY=1\n");
  EXPECT_FALSE(Client::connect(kPort, AF_INET));
  ASSERT_TRUE(write_all(gate.write.get(), "not the end"));
  EXPECT_FALSE(Client::connect(kPort, AF_INET));
  gate.write.reset();
  std::optional<Client> client;
  while (!client && !server_->has_exited()) client = Client::connect(kPort, AF_INET);
  ASSERT_TRUE(client) << server_->errors();
  ASSERT_TRUE(client->send(get_request("/-/readyz")));
  EXPECT_EQ(client->read_answer().value().status, 200);
}

TEST_F(GateTest, AnOpenGateIsNoneAtAll) {
  Pipe gate = make_pipe().value();
  gate.write.reset();
  launch_gated(gate);
  ASSERT_EQ(read_notification().substr(0, 8), "READY=1\n");
  EXPECT_EQ(get("/-/readyz").status, 200);
}

TEST_F(GateTest, MayBeTerminatedBeforeItOpens) {
  Pipe gate = make_pipe().value();
  launch_gated(gate);
  ASSERT_EQ(read_notification().substr(0, 8), "READY=1\n");
  begin_drain();
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(0));
}

TEST_F(GateTest, ADescriptorThatIsNotOpenIsAnError) {
  launch({"--listen", "127.0.0.1:8080"}, {"ROLL_GATE_FD=9"});
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(1));
  EXPECT_EQ(server_->errors(), "roll-httpd: ROLL_GATE_FD=9 names no open descriptor\n");
}

}  // namespace
}  // namespace rollctl::test
