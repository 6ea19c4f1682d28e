// SPDX-License-Identifier: MIT
#include "ui/json_reporter.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/ui/change.h"
#include "unit/ui/screen.h"

namespace rollctl {
namespace {

using nlohmann::json;
using test::deployed;
using test::rolled_back;
using test::StringSink;

class JsonReporterTest : public testing::Test {
 protected:
  std::vector<json> take_lines() {
    std::vector<json> lines;
    std::string text = out_.take();
    while (!text.empty()) {
      const size_t end = text.find('\n');
      if (end == std::string::npos) {
        ADD_FAILURE() << "not a whole line: " << text;
        break;
      }
      lines.push_back(json::parse(text.substr(0, end), nullptr, false));
      text.erase(0, end + 1);
    }
    return lines;
  }

  StringSink out_;
  JsonReporter reporter_{out_, "web"};
};

TEST_F(JsonReporterTest, WritesAnEventAsTheJournalDoes) {
  Event event = events::instance_ready(12, Millis(35));
  event.generation = 7;
  reporter_.on_event(event);
  EXPECT_EQ(out_.take(), R"({"after_ms":35,"app":"web","event":"instance.ready","generation":7,"id":12,)"
                         R"("time":"1970-01-01T00:00:00.000Z","v":1})"
                         "\n");
}

TEST_F(JsonReporterTest, WritesEachEventInOnePiece) {
  reporter_.on_event(events::instance_restarted(12, 99));
  EXPECT_EQ(out_.writes, 1);
}

TEST_F(JsonReporterTest, SaysHowManyLinesABlockedOutputLeftOutBeforeTheNext) {
  out_.now = Sink::Flow::Blocked;
  for (int i = 0; i < 3; ++i) reporter_.on_event(events::instance_restarted(12, 99));
  EXPECT_EQ(out_.take(), "");
  out_.now = Sink::Flow::Free;
  reporter_.on_warning("low on space");
  const auto lines = take_lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["event"], "warning");
  EXPECT_EQ(lines[0]["message"], "3 lines were not written: the output was blocked");
  EXPECT_EQ(lines[1]["message"], "low on space");
}

TEST_F(JsonReporterTest, NeverLeavesTheEndingOut) {
  out_.now = Sink::Flow::Blocked;
  reporter_.on_event(events::instance_restarted(12, 99));
  reporter_.on_event(events::deploy_finished({}));
  reporter_.finish(deployed(), 0);
  reporter_.error({ErrorKind::Failed, 0, "it failed", {}}, 1);
  const auto lines = take_lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0]["message"], "1 line was not written: the output was blocked");
  EXPECT_EQ(lines[1]["event"], "deploy.finished");
  EXPECT_EQ(lines[2]["event"], "error");
}

TEST_F(JsonReporterTest, SaysNothingAboutTheFleet) {
  reporter_.on_fleet({test::view(12, "v2", InstanceState::Serving)});
  EXPECT_EQ(out_.take(), "");
}

TEST_F(JsonReporterTest, AddsNothingToTheEndingThatTheEventsTell) {
  reporter_.on_event(events::deploy_finished({}));
  out_.take();
  reporter_.finish(deployed(), 0);
  EXPECT_EQ(out_.take(), "");
}

TEST_F(JsonReporterTest, TellsTheEndingThatNoEventTold) {
  Verdict verdict = deployed();
  verdict.outcome = Outcome::Unchanged;
  reporter_.finish(verdict, 0);
  const auto lines = take_lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["event"], "deploy.finished");
  EXPECT_EQ(lines[0]["outcome"], "unchanged");
  EXPECT_EQ(lines[0]["generation"], 7);
}

TEST_F(JsonReporterTest, EndsAFailureWithAnError) {
  reporter_.on_event(events::deploy_finished({Outcome::RolledBack, Millis(412), 0, "x"}));
  out_.take();
  reporter_.finish(rolled_back(), 1);
  const auto lines = take_lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], (json{{"v", 1},
                            {"event", "error"},
                            {"exit", 1},
                            {"app", "web"},
                            {"message",
                             "web: cannot deploy v3: instance 14: the server exited with 3 before "
                             "it was ready"},
                            {"hint", "fix it and deploy again"},
                            {"instance", 14},
                            {"log", {"reading\tconfig", "\x1b[31mno such file\x1b[0m"}}}));
}

TEST_F(JsonReporterTest, TellsAnError) {
  reporter_.error({ErrorKind::NotFound, 0, "no such app: web", ""}, 6);
  EXPECT_EQ(out_.take(), R"({"event":"error","exit":6,"hint":"","message":"no such app: web","v":1})"
                         "\n");
}

TEST_F(JsonReporterTest, TellsAWarningAndSurvivesBytesThatAreNoUtf8) {
  reporter_.on_warning("odd \xff");
  EXPECT_EQ(out_.take(), "{\"app\":\"web\",\"event\":\"warning\",\"message\":\"odd \uFFFD\",\"v\":1}\n");
}

}  // namespace
}  // namespace rollctl
