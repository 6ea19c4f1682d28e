// SPDX-License-Identifier: MIT
#include "state/event.h"

#include <gtest/gtest.h>

#include <csignal>

namespace rollctl {
namespace {

using nlohmann::json;

Event stamped(Event event) {
  event.generation = 7;
  event.time = parse_time("2026-01-31T12:00:00.123Z").value();
  return event;
}

// What an event adds to v, time, app, generation and event.
json fields_of(const Event& event) {
  return event.fields;
}

TEST(EventTest, IsOneObjectWithItsFrameAndItsFields) {
  EXPECT_EQ(event_to_json(stamped(events::instance_ready(12, Millis(35))), "web"),
            (json{{"v", 1},
                  {"time", "2026-01-31T12:00:00.123Z"},
                  {"app", "web"},
                  {"generation", 7},
                  {"event", "instance.ready"},
                  {"id", 12},
                  {"after_ms", 35}}));
}

TEST(EventTest, ComesBackFromItsLineAsItWas) {
  const Event event = stamped(events::traffic_shifted({12, 13}, {9}, {{12, 50.0}, {13, 50.0}}));
  const auto again = event_from_line(event_to_json(event, "web").dump());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->name, event.name);
  EXPECT_EQ(again->fields, event.fields);
  EXPECT_EQ(again->generation, event.generation);
  EXPECT_EQ(again->time, event.time);
}

TEST(EventTest, IsNoLineThatIsTornOrOfAnotherKind) {
  const std::string whole = event_to_json(stamped(events::instance_stopping(12)), "web").dump();
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(event_from_line(whole.substr(0, length))) << length;
  for (const char* line :
       {"", "null", "[]", "3", "{}", R"({"event":3})", "\xff", R"({"event":"a"}{"event":"b"})"})
    EXPECT_FALSE(event_from_line(line)) << line;
  EXPECT_FALSE(event_from_line(std::string(64, '\0')));
}

TEST(EventTest, IsReadThoughItsFrameIsStrange) {
  const auto event = event_from_line(R"({"event":"x","generation":"seven","time":"yesterday","id":1})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->generation, 0);
  EXPECT_EQ(event->time, WallTime{});
  EXPECT_EQ(event->fields, (json{{"id", 1}}));
}

TEST(EventTest, MayHaveNoFieldsAtAll) {
  EXPECT_EQ(event_to_json(Event{"x", {}, 1, {}}, "web").size(), 5u);
}

TEST(EventTest, HasTheFieldsThatTheManualPromises) {
  events::Started started{AppCommand::Deploy, "v2", "v1", 2, Handover::Steer, "CHG-7"};
  EXPECT_EQ(fields_of(events::deploy_started(started)), (json{{"release", "v2"},
                                                              {"from", "v1"},
                                                              {"instances", 2},
                                                              {"handover", "steer"},
                                                              {"command", "deploy"},
                                                              {"note", "CHG-7"}}));
  started.from.reset();
  EXPECT_EQ(fields_of(events::deploy_started(started))["from"], json());
  EXPECT_EQ(fields_of(events::instance_started(12, "v2", 4711)),
            (json{{"id", 12}, {"release", "v2"}, {"pid", 4711}}));
  EXPECT_EQ(fields_of(events::instance_unready(12, "503")), (json{{"id", 12}, {"reason", "503"}}));
  EXPECT_EQ(fields_of(events::traffic_shifted({12}, {9}, {{12, 100.0}})),
            (json{{"in", {12}}, {"out", {9}}, {"weights", {{"12", 100.0}}}}));
  EXPECT_EQ(fields_of(events::instance_settled(9, {Millis(3), 1})),
            (json{{"id", 9}, {"after_ms", 3}, {"left", 1}}));
  EXPECT_EQ(fields_of(events::instance_draining(9, 3, Millis(60'000))),
            (json{{"id", 9}, {"connections", 3}, {"deadline_ms", 60'000}}));
  EXPECT_EQ(fields_of(events::instance_drained(9, Millis(1200), 2, ExitStatus{0, {}})),
            (json{{"id", 9}, {"after_ms", 1200}, {"connections_cut", 2}, {"exit", {{"code", 0}}}}));
  EXPECT_EQ(fields_of(events::instance_exited(9, ExitStatus{{}, SIGKILL})),
            (json{{"id", 9}, {"exit", {{"signal", "SIGKILL"}}}}));
  EXPECT_EQ(fields_of(events::instance_exited(9, std::nullopt))["exit"], json());
  EXPECT_EQ(fields_of(events::instance_restarted(9, 4712)), (json{{"id", 9}, {"pid", 4712}}));
  EXPECT_EQ(fields_of(events::hook_failed("after_shift", ExitStatus{1, {}})),
            (json{{"hook", "after_shift"}, {"exit", {{"code", 1}}}}));
  EXPECT_EQ(fields_of(events::deploy_finished({Outcome::RolledBack, Millis(412), 0, "not ready"})),
            (json{{"outcome", "rolled_back"},
                  {"duration_ms", 412},
                  {"connections_cut", 0},
                  {"reason", "not ready"}}));
}

TEST(OutcomeTest, HasANameThatIsReadBack) {
  for (const Outcome outcome : {Outcome::Deployed, Outcome::Unchanged, Outcome::Canary, Outcome::RolledBack,
                                Outcome::Interrupted, Outcome::NeedsAttention})
    EXPECT_EQ(parse_outcome(outcome_name(outcome)), outcome);
  EXPECT_EQ(parse_outcome("exploded"), std::nullopt);
}

}  // namespace
}  // namespace rollctl
