// SPDX-License-Identifier: MIT
#include "process/event_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <vector>

namespace rollctl {
namespace {

using nlohmann::json;

Event stamped(EventBody body) {
  return {std::move(body), 7, parse_time("2026-01-31T12:00:00.123Z").value()};
}

// One event of each kind, and its line.
struct Kind {
  EventBody body;
  const char* line;
};

const std::vector<Kind>& all_kinds() {
  static const std::vector<Kind> kKinds{
      {OtherEvent{"deploy.paused", 12},
       R"({"app":"web","event":"deploy.paused","generation":7,"id":12,"time":"2026-01-31T12:00:00.123Z","v":1})"},
      {DeployStarted{AppCommand::Deploy, "v2", "v1", 2, "steer", "CHG-7", 10, {3, 4}, "alice", "pts/3"},
       R"({"app":"web","canary":10.0,"command":"deploy","event":"deploy.started","from":"v1","generation":7,)"
       R"("handover":"steer","instances":2,"note":"CHG-7","release":"v2","returns":[3,4],)"
       R"("time":"2026-01-31T12:00:00.123Z","user":"alice","v":1,"via":"pts/3"})"},
      {DeployStarted{AppCommand::Stop, "v2", {}, 0, "plain", "", {}, {}},
       R"({"app":"web","command":"stop","event":"deploy.started","from":null,"generation":7,)"
       R"("handover":"plain","instances":0,"note":"","release":"v2","time":"2026-01-31T12:00:00.123Z","v":1})"},
      {DeployFinished{Outcome::RolledBack, Millis(412), 3, "not ready"},
       R"({"app":"web","connections_cut":3,"duration_ms":412,"event":"deploy.finished","generation":7,)"
       R"("outcome":"rolled_back","reason":"not ready","time":"2026-01-31T12:00:00.123Z","v":1})"},
      {DeployArchived{99, "journal.1.jsonl", 1234, true},
       R"({"app":"web","bytes":1234,"event":"deploy.archived","file":"journal.1.jsonl","generation":7,)"
       R"("id":99,"scaling":true,"time":"2026-01-31T12:00:00.123Z","v":1})"},
      {DeployArchived{99, "journal.1.jsonl", 1234, false},
       R"({"app":"web","bytes":1234,"event":"deploy.archived","file":"journal.1.jsonl","generation":7,)"
       R"("id":99,"time":"2026-01-31T12:00:00.123Z","v":1})"},
      {InstanceStarting{12, "v2"},
       R"({"app":"web","event":"instance.starting","generation":7,"id":12,"release":"v2",)"
       R"("time":"2026-01-31T12:00:00.123Z","v":1})"},
      {TrafficShifting{{{12, 13}, {9}, {{12, 50}, {13, 50}}}},
       R"({"app":"web","event":"traffic.shifting","generation":7,"in":[12,13],"out":[9],)"
       R"("time":"2026-01-31T12:00:00.123Z","v":1,"weights":{"12":50.0,"13":50.0}})"},
      {InstanceStopping{12}, R"({"app":"web","event":"instance.stopping","generation":7,"id":12,)"
                             R"("time":"2026-01-31T12:00:00.123Z","v":1})"},
      {InstanceStarted{12, "v2", 4711},
       R"({"app":"web","event":"instance.started","generation":7,"id":12,"pid":4711,"release":"v2",)"
       R"("time":"2026-01-31T12:00:00.123Z","v":1})"},
      {InstanceReady{12, Millis(35)},
       R"({"after_ms":35,"app":"web","event":"instance.ready","generation":7,"id":12,)"
       R"("time":"2026-01-31T12:00:00.123Z","v":1})"},
      {InstanceUnready{12, "503"},
       R"({"app":"web","event":"instance.unready","generation":7,"id":12,"reason":"503",)"
       R"("time":"2026-01-31T12:00:00.123Z","v":1})"},
      {TrafficShifted{{{12}, {}, {{12, 100}}}},
       R"({"app":"web","event":"traffic.shifted","generation":7,"in":[12],"out":[],)"
       R"("time":"2026-01-31T12:00:00.123Z","v":1,"weights":{"12":100.0}})"},
      {InstanceSettled{9, Millis(3), 1},
       R"({"after_ms":3,"app":"web","event":"instance.settled","generation":7,"id":9,"left":1,)"
       R"("time":"2026-01-31T12:00:00.123Z","v":1})"},
      {InstanceDraining{9, 3, Millis(60'000)},
       R"({"app":"web","connections":3,"deadline_ms":60000,"event":"instance.draining","generation":7,)"
       R"("id":9,"time":"2026-01-31T12:00:00.123Z","v":1})"},
      {InstanceLingering{9, ExitStatus{0, {}}, 4, 4712, "php", 1, true},
       R"({"app":"web","command":"php","connections":1,"event":"instance.lingering","exit":{"code":0},)"
       R"("generation":7,"id":9,"pid":4712,"processes":4,"time":"2026-01-31T12:00:00.123Z","told":true,"v":1})"},
      {InstanceDrained{9, Millis(1200), 2, ExitStatus{0, {}}, 4},
       R"({"after_ms":1200,"app":"web","connections_cut":2,"event":"instance.drained","exit":{"code":0},)"
       R"("generation":7,"id":9,"processes_killed":4,"time":"2026-01-31T12:00:00.123Z","v":1})"},
      {InstanceDrained{9, Millis(1200), 2, ExitStatus{0, {}}, 0, HttpReport{64, 62, 2, 1, 3, {}}},
       R"({"after_ms":1200,"app":"web","connections_cut":2,"event":"instance.drained","exit":{"code":0},)"
       R"("generation":7,"http":{"asked":64,"blocking":3,"left":62,"other":1,"silent":2},"id":9,)"
       R"("time":"2026-01-31T12:00:00.123Z","v":1})"},
      {InstanceDrained{9, Millis(1200), 2, ExitStatus{0, {}}},
       R"({"after_ms":1200,"app":"web","connections_cut":2,"event":"instance.drained","exit":{"code":0},)"
       R"("generation":7,"id":9,"time":"2026-01-31T12:00:00.123Z","v":1})"},
      {InstanceExited{9, ExitStatus{{}, SIGKILL}},
       R"({"app":"web","event":"instance.exited","exit":{"signal":"SIGKILL"},"generation":7,"id":9,)"
       R"("time":"2026-01-31T12:00:00.123Z","v":1})"},
      {InstanceExited{9, {}}, R"({"app":"web","event":"instance.exited","exit":null,"generation":7,"id":9,)"
                              R"("time":"2026-01-31T12:00:00.123Z","v":1})"},
      {InstanceRestarted{9, 4712},
       R"({"app":"web","event":"instance.restarted","generation":7,"id":9,"pid":4712,)"
       R"("time":"2026-01-31T12:00:00.123Z","v":1})"},
      {HookFailed{"after_shift", ExitStatus{1, {}}},
       R"({"app":"web","event":"hook.failed","exit":{"code":1},"generation":7,"hook":"after_shift",)"
       R"("time":"2026-01-31T12:00:00.123Z","v":1})"},
  };
  return kKinds;
}

TEST(EventCodecTest, WritesEveryKindAsOneLineSortedByName) {
  for (const Kind& kind : all_kinds()) EXPECT_EQ(event_line(stamped(kind.body), "web"), kind.line);
}

TEST(EventCodecTest, ReadsEveryKindBack) {
  std::vector<bool> seen(std::variant_size_v<EventBody>);
  for (const Kind& kind : all_kinds()) {
    const auto again = parse_event_line(kind.line);
    ASSERT_TRUE(again) << kind.line;
    EXPECT_EQ(again->body.index(), kind.body.index()) << kind.line;
    EXPECT_EQ(again->rest, "");
    EXPECT_EQ(event_line(*again, "web"), kind.line);
    EXPECT_EQ(event_name(*again), json::parse(kind.line)["event"].get<std::string>());
    seen[kind.body.index()] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), false), 0) << "a kind of event has no line here";
}

TEST(EventCodecTest, CanPutWhatEveryLineHasInFront) {
  EXPECT_EQ(
      event_line(stamped(InstanceDrained{9, Millis(40), 2, ExitStatus{0, {}}}), "web",
                 MemberOrder::FrameFirst),
      R"({"v":1,"time":"2026-01-31T12:00:00.123Z","app":"web","generation":7,"event":"instance.drained",)"
      R"("id":9,"after_ms":40,"connections_cut":2,"exit":{"code":0}})");
  EXPECT_EQ(event_line(stamped(HookFailed{"a", {}}), "web", MemberOrder::FrameFirst),
            R"({"v":1,"time":"2026-01-31T12:00:00.123Z","app":"web","generation":7,"event":"hook.failed",)"
            R"("exit":null,"hook":"a"})");
}

TEST(EventCodecTest, ReadsNoLineThatIsTornOrOfAnotherProgram) {
  const std::string whole = event_line(stamped(InstanceStopping{12}), "web");
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(parse_event_line(whole.substr(0, length))) << length;
  for (const char* line :
       {"", "null", "[]", "3", "{}", R"({"event":3})", "\xff", R"({"event":"a"}{"event":"b"})"})
    EXPECT_FALSE(parse_event_line(line)) << line;
  EXPECT_FALSE(parse_event_line(std::string(64, '\0')));
}

TEST(EventCodecTest, ReadsAnEventThoughItsFrameIsStrange) {
  const auto event =
      parse_event_line(R"({"event":"x","generation":"seven","time":"yesterday","id":1,"a":2})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->generation, 0);
  EXPECT_EQ(event->time, WallTime{});
  EXPECT_EQ(event_instance(*event), 1);
  EXPECT_EQ(event->rest, R"({"a":2})");
}

TEST(EventCodecTest, AnEventMayHaveNoMembersOfItsOwn) {
  EXPECT_EQ(json::parse(event_line(stamped(OtherEvent{"x", {}}), "web")).size(), 5u);
}

// An older rollctl may archive a journal; the members of a newer one must survive.
TEST(EventCodecTest, WritesBackWhatItCouldNotRead) {
  const char* lines[] = {
      R"({"app":"web","command":"pause","event":"deploy.started","from":null,"generation":7,)"
      R"("handover":"teleport","instances":"many","note":"","release":"v2","speed":{"a":[1]},)"
      R"("time":"2026-01-31T12:00:00.123Z","v":1})",
      R"({"app":"web","connections_cut":-1,"duration_ms":1,"event":"deploy.finished","generation":7,)"
      R"("outcome":"celebrated","reason":"","time":"2026-01-31T12:00:00.123Z","v":1})",
      R"({"app":"web","event":"traffic.shifted","generation":7,"in":[1,"two"],"out":[],)"
      R"("time":"2026-01-31T12:00:00.123Z","v":1,"weights":{"all":1}})",
      R"({"app":"web","event":"deploy.paused","generation":7,"id":"twelve","why":null,)"
      R"("time":"2026-01-31T12:00:00.123Z","v":1})",
  };
  for (const char* line : lines) {
    const auto event = parse_event_line(line);
    ASSERT_TRUE(event) << line;
    EXPECT_EQ(json::parse(event_line(*event, "web")), json::parse(line));
  }
}

TEST(EventCodecTest, ReadsWhatItCanOfAnotherVersion) {
  const auto started = parse_event_line(
      R"({"event":"deploy.started","command":"pause","release":7,"instances":2,"handover":"teleport"})");
  ASSERT_TRUE(started);
  const auto& body = std::get<DeployStarted>(started->body);
  EXPECT_EQ(body.command, AppCommand::Other);
  EXPECT_EQ(body.release, "");
  EXPECT_EQ(body.instances, 2);
  EXPECT_EQ(body.handover, "teleport");
  const auto finished = parse_event_line(R"({"event":"deploy.finished","outcome":"celebrated"})");
  ASSERT_TRUE(finished);
  EXPECT_EQ(std::get<DeployFinished>(finished->body).outcome, Outcome::NeedsAttention);
}

TEST(EventCodecTest, SurvivesBytesThatAreNoUtf8) {
  const auto again = parse_event_line(event_line(stamped(InstanceUnready{1, "\xff\xfe"}), "web\xff"));
  ASSERT_TRUE(again);
  EXPECT_EQ(std::get<InstanceUnready>(again->body).reason, "\uFFFD\uFFFD");
}

TEST(OutcomeTest, HasANameThatIsReadBack) {
  for (const Outcome outcome : {Outcome::Deployed, Outcome::Unchanged, Outcome::Canary, Outcome::RolledBack,
                                Outcome::Interrupted, Outcome::NeedsAttention})
    EXPECT_EQ(parse_outcome(outcome_name(outcome)), outcome);
  EXPECT_EQ(parse_outcome("exploded"), std::nullopt);
}

}  // namespace
}  // namespace rollctl
