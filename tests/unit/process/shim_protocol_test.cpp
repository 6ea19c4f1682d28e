// SPDX-License-Identifier: MIT
#include "process/shim_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollctl::test {
namespace {

using testing::HasSubstr;

InstanceRecord some_record() {
  InstanceRecord record;
  record.id = 12;
  record.app = "web";
  record.state = InstanceState::Serving;
  record.server = {4711, 99, "boot"};
  record.weight = 12.5;
  return record;
}

TEST(ShimProtocolTest, RequestsSurviveTheWay) {
  const auto parsed = shim::parse_request(
      to_text(shim::Request{7, shim::Drain{{3, Millis(1500), DrainStart::Idle, DrainScope::All,
                                            HttpDrain::CloseBlocking, Millis(700)}}}));
  EXPECT_EQ(parsed.id, 7);
  ASSERT_TRUE(parsed.body) << parsed.body.error().message;
  const auto& drain = std::get<shim::Drain>(*parsed.body);
  EXPECT_EQ(drain.order.signal, 3);
  EXPECT_EQ(drain.order.deadline, Millis(1500));
  EXPECT_EQ(drain.order.start, DrainStart::Idle);
  EXPECT_EQ(drain.order.scope, DrainScope::All);
  EXPECT_EQ(drain.order.http, HttpDrain::CloseBlocking);
  EXPECT_EQ(drain.order.http_silence, Millis(700));
  const auto older = shim::parse_request(R"({"v":1,"request":"drain","signal":3,"deadline_ms":1})");
  ASSERT_TRUE(older.body) << older.body.error().message;
  EXPECT_EQ(std::get<shim::Drain>(*older.body).order.scope, DrainScope::Main);
  EXPECT_EQ(std::get<shim::Drain>(*older.body).order.http, HttpDrain::Keep);
}

// A launch without `held` is not held.
TEST(ShimProtocolTest, ALaunchIsHeldWhereItSaysSo) {
  for (const bool held : {false, true}) {
    const auto parsed = shim::parse_request(to_text(shim::Request{0, shim::Launch{held}}));
    ASSERT_TRUE(parsed.body) << parsed.body.error().message;
    EXPECT_EQ(std::get<shim::Launch>(*parsed.body).held, held);
  }
  const auto execute = shim::parse_request(to_text(shim::Request{0, shim::Execute{}}));
  ASSERT_TRUE(execute.body) << execute.body.error().message;
  EXPECT_TRUE(std::holds_alternative<shim::Execute>(*execute.body));
  EXPECT_FALSE(std::get<shim::Launch>(*shim::parse_request(R"({"v":1,"request":"launch"})").body).held);
  EXPECT_FALSE(shim::parse_request(R"({"v":1,"request":"launch","held":"yes"})").body);
}

TEST(ShimProtocolTest, ARoleWithAHoldSurvivesTheWay) {
  RoleOrder role{InstanceState::Standby, 0, 8, HoldOrder{Millis(600'000), {3, Millis(1500)}}};
  const auto parsed = shim::parse_request(to_text(shim::Request{7, shim::SetRole{role}}));
  ASSERT_TRUE(parsed.body) << parsed.body.error().message;
  const RoleOrder& arrived = std::get<shim::SetRole>(*parsed.body).role;
  EXPECT_EQ(arrived.state, InstanceState::Standby);
  EXPECT_EQ(arrived.generation, 8);
  ASSERT_TRUE(arrived.hold);
  EXPECT_EQ(arrived.hold->duration, Millis(600'000));
  EXPECT_EQ(arrived.hold->drain.signal, 3);
  EXPECT_EQ(arrived.hold->drain.deadline, Millis(1500));
}

TEST(ShimProtocolTest, TheTermOfASteeringSurvivesTheWay) {
  shim::HoldSteering hold;
  hold.term = {SteeringTerm::Until::Alone, Millis(5000)};
  const auto parsed = shim::parse_request(to_text(shim::Request{7, hold}));
  ASSERT_TRUE(parsed.body) << parsed.body.error().message;
  const SteeringTerm& term = std::get<shim::HoldSteering>(*parsed.body).term;
  EXPECT_EQ(term.until, SteeringTerm::Until::Alone);
  EXPECT_EQ(term.look_after, Millis(5000));
}

TEST(ShimProtocolTest, AReplyHasARecordWhereOneIsWanted) {
  for (const auto wanted : {shim::ReplyWith::Record, shim::ReplyWith::Nothing}) {
    shim::HoldSteering hold;
    hold.reply_with = wanted;
    const auto parsed = shim::parse_request(to_text(shim::Request{7, hold}));
    ASSERT_TRUE(parsed.body) << parsed.body.error().message;
    EXPECT_EQ(std::get<shim::HoldSteering>(*parsed.body).reply_with, wanted);
  }
  const auto without = shim::parse_from_shim(R"({"v":1,"reply":7})");
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_FALSE(std::get<shim::Reply>(*without).record);
}

TEST(ShimProtocolTest, CountersSurviveTheWay) {
  shim::Reply reply;
  reply.id = 7;
  reply.counters = {5, 2, 1};
  const auto parsed = shim::parse_from_shim(to_text(reply));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(std::get<shim::Reply>(*parsed).counters, (SteeringCounters{5, 2, 1}));
  EXPECT_FALSE(std::get<shim::Reply>(*parsed).slots) << "an older shim tells none";
  reply.slots = {4, 3};
  EXPECT_EQ(std::get<shim::Reply>(shim::parse_from_shim(to_text(reply)).value()).slots, (SlotUse{4, 3}));
}

TEST(ShimProtocolTest, WhetherSteeringIsHeldSurvivesTheWay) {
  for (const std::optional<bool> holds : {std::optional<bool>(), std::optional(false), std::optional(true)}) {
    shim::Reply reply;
    reply.holds_steering = holds;
    const auto parsed = shim::parse_from_shim(to_text(reply));
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(std::get<shim::Reply>(*parsed).holds_steering, holds);
  }
}

TEST(ShimProtocolTest, SteeredAddressesSurviveTheWay) {
  const Endpoint bound = ListenAddress::parse("[::1]:8080")->endpoint;
  const auto parsed = shim::parse_request(to_text(shim::Request{1, shim::HoldSteering{{{bound, {4, 5}}}}}));
  ASSERT_TRUE(parsed.body) << parsed.body.error().message;
  const auto& hold = std::get<shim::HoldSteering>(*parsed.body);
  ASSERT_EQ(hold.addresses.size(), 1U);
  EXPECT_EQ(hold.addresses[0].bound, bound);
  EXPECT_EQ(hold.addresses[0].slots, (std::vector<uint32_t>{4, 5}));
}

TEST(ShimProtocolTest, AnUnknownRequestIsAnsweredByItsId) {
  const auto parsed = shim::parse_request(R"({"v":9,"id":3,"request":"dance"})");
  EXPECT_EQ(parsed.id, 3);
  ASSERT_FALSE(parsed.body);
  EXPECT_EQ(parsed.body.error().kind, ErrorKind::Unsupported);
  EXPECT_EQ(parsed.body.error().message, "this shim does not know the request 'dance'");
}

TEST(ShimProtocolTest, UnknownMembersAreIgnored) {
  const auto parsed = shim::parse_request(R"({"v":2,"id":3,"request":"open_gate","slowly":true})");
  EXPECT_TRUE(parsed.body);
}

class BadRequestTest : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(
    Texts, BadRequestTest,
    testing::Values("", "[]", "{", "null", R"({"id":1,"request":"record"})",
                    R"({"v":0,"id":1,"request":"record"})", R"({"v":1,"id":"x","request":7})",
                    R"({"v":1,"request":"drain","signal":0})", R"({"v":1,"request":"drain","signal":65})",
                    R"({"v":1,"request":"drain","deadline_ms":-1})",
                    R"({"v":1,"request":"drain","deadline_ms":99999999999999999})",
                    R"({"v":1,"request":"set_role","state":"happy"})",
                    R"({"v":1,"request":"set_role","state":"serving","weight":101})",
                    R"({"v":1,"request":"set_role","state":"serving","weight":"all"})",
                    R"({"v":1,"request":"hold_steering","addresses":7})",
                    R"({"v":1,"request":"hold_steering","addresses":[{"bound":"here"}]})",
                    R"({"v":1,"request":"hold_steering","addresses":[{"bound":"1.2.3.4:5","slots":[-1]}]})"));

TEST_P(BadRequestTest, IsRefused) {
  const auto parsed = shim::parse_request(GetParam());
  ASSERT_FALSE(parsed.body);
  EXPECT_NE(parsed.body.error().message, "");
}

TEST(ShimProtocolTest, RepliesSurviveTheWay) {
  shim::Reply reply;
  reply.id = 5;
  reply.record = some_record();
  reply.listeners = {{ListenAddress::parse("127.0.0.1:80")->endpoint, 77}};
  reply.more = true;
  const auto parsed = shim::parse_from_shim(to_text(reply));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto& back = std::get<shim::Reply>(*parsed);
  EXPECT_EQ(back.id, 5);
  EXPECT_TRUE(back.status);
  EXPECT_TRUE(back.more);
  ASSERT_TRUE(back.record);
  EXPECT_EQ(back.record->server, reply.record->server);
  EXPECT_EQ(back.record->weight, 12.5);
  ASSERT_EQ(back.listeners.size(), 1U);
  EXPECT_EQ(back.listeners[0].bound.text(), "127.0.0.1:80");
  EXPECT_EQ(back.listeners[0].inode, 77U);
}

TEST(ShimProtocolTest, ErrorsSurviveTheWay) {
  shim::Reply reply;
  reply.id = 5;
  reply.status = fail(Error{ErrorKind::NotPermitted, 1, "cannot take it: \xff", "ask root"});
  const auto parsed = shim::parse_from_shim(to_text(reply));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const Error& error = std::get<shim::Reply>(*parsed).status.error();
  EXPECT_EQ(error.kind, ErrorKind::NotPermitted);
  EXPECT_EQ(error.os_error, 1);
  EXPECT_EQ(error.message, "cannot take it: \xff");
  EXPECT_EQ(error.hint, "ask root");
}

TEST(ShimProtocolTest, EventsSurviveTheWay) {
  ShimEvent event{ShimEvent::Kind::Exited, some_record(), ExitStatus{{}, 9}, "it was cut", 3};
  const auto parsed = shim::parse_from_shim(shim::to_text(event));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto& back = std::get<ShimEvent>(*parsed);
  EXPECT_EQ(back.kind, ShimEvent::Kind::Exited);
  EXPECT_EQ(back.exit->signal, 9);
  EXPECT_EQ(back.message, "it was cut");
  EXPECT_EQ(back.connections_cut, 3U);
  EXPECT_EQ(back.record.state, InstanceState::Serving);
}

TEST(ShimProtocolTest, EventsDoNotCarryTheSpec) {
  InstanceRecord record = some_record();
  record.spec.env.assign(1000, "LONG=1");
  EXPECT_LT(shim::to_text(ShimEvent{ShimEvent::Kind::StatusText, record, {}, {}, {}}).size(), 1000U);
}

TEST(ShimProtocolTest, AnEventOfANewerShimIsNoError) {
  const auto parsed = shim::parse_from_shim(R"({"v":2,"event":"sang","record":{}})");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(std::holds_alternative<shim::Unknown>(*parsed));
}

}  // namespace
}  // namespace rollctl::test
