// SPDX-License-Identifier: MIT
#include "state/timed_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "state/log_time.h"
#include "support/temp_dir.h"

namespace rollctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const WallTime kNoon = *parse_time("2026-01-31T12:00:00.000Z");

std::string read(std::string_view line) {
  const auto time = time_in_line(line, kNoon);
  return time ? format_time(*time) : "none";
}

class LogTimeTest : public testing::Test {
 protected:
  LogTimeTest() {
    ::setenv("TZ", "UTC-2", 1);  // two hours east
    ::tzset();
  }
  ~LogTimeTest() override {
    ::unsetenv("TZ");
    ::tzset();
  }
};

TEST_F(LogTimeTest, IsReadInTheUsualForms) {
  EXPECT_EQ(read("2026-01-31T11:22:33.456Z started"), "2026-01-31T11:22:33.456Z");
  EXPECT_EQ(read("2026-01-31T11:22:33+01:00 started"), "2026-01-31T10:22:33.000Z");
  EXPECT_EQ(read("2026-01-31 11:22:33,456 -0530 INFO x"), "2026-01-31T16:52:33.456Z");
  EXPECT_EQ(read("2026-01-31 11:22:33 LOG: local"), "2026-01-31T09:22:33.000Z");
  EXPECT_EQ(read("2026/01/31 11:22:33 [error] 7#7: nginx"), "2026-01-31T09:22:33.000Z");
  EXPECT_EQ(read("2026/01/31 11:22:33.000123 Go"), "2026-01-31T09:22:33.000Z");
  EXPECT_EQ(read("[2026-01-31T11:22:33Z INFO  web] Rust"), "2026-01-31T11:22:33.000Z");
  EXPECT_EQ(read("E 2026-01-31 11:22:33Z short"), "2026-01-31T11:22:33.000Z");
  EXPECT_EQ(read("127.0.0.1 - - [31/Jan/2026:11:22:33 +0000] \"GET / HTTP/1.1\" 200"),
            "2026-01-31T11:22:33.000Z");
  EXPECT_EQ(read("Jan  3 11:22:33 host web: x"), "2026-01-03T09:22:33.000Z");
  EXPECT_EQ(read("Dec 31 11:22:33 of last year"), "2025-12-31T09:22:33.000Z");
}

TEST_F(LogTimeTest, IsReadInJson) {
  EXPECT_EQ(read(R"({"level":30,"time":1769858553456,"msg":"pino"})"), "2026-01-31T11:22:33.456Z");
  EXPECT_EQ(read(R"({"level":"info","ts":1769858553.456,"msg":"zap"})"), "2026-01-31T11:22:33.456Z");
  EXPECT_EQ(read(R"({"@timestamp": "2026-01-31T11:22:33.456Z","message":"x"})"), "2026-01-31T11:22:33.456Z");
  EXPECT_EQ(read(R"({"time":"soon","timestamp":"2026-01-31T11:22:33Z"})"), "2026-01-31T11:22:33.000Z");
  EXPECT_EQ(read(R"({"at":"2026-01-31T11:22:33Z"})"), "none");
}

TEST_F(LogTimeTest, IsNotReadWhereThereIsNone) {
  EXPECT_EQ(read(""), "none");
  EXPECT_EQ(read("listening on 127.0.0.1:8080"), "none");
  EXPECT_EQ(read("2026-13-31T11:22:33Z"), "none");
  EXPECT_EQ(read("2026-01-31"), "none");
  EXPECT_EQ(read("12026-01-31T11:22:33Z"), "none");
  EXPECT_EQ(read("a long message that quotes the time of another one: 2026-01-31T11:22:33Z"), "none");
}

TEST_F(LogTimeTest, OfAnOptionIsADurationOrADate) {
  const auto said = [](const std::string& text) {
    const auto time = parse_moment(text, kNoon);
    return time ? format_time(*time) : time.error().message;
  };
  EXPECT_EQ(said("10m"), "2026-01-31T11:50:00.000Z");
  EXPECT_EQ(said("2026-01-31"), "2026-01-30T22:00:00.000Z");
  EXPECT_EQ(said("2026-01-31 12:30"), "2026-01-31T10:30:00.000Z");
  EXPECT_EQ(said("2026-01-31T12:30:00Z"), "2026-01-31T12:30:00.000Z");
  EXPECT_EQ(said("yesterday"), "'yesterday' is neither a duration nor a time");
}

class TimedLogTest : public test::TempDirTest {
 protected:
  // Last written at that time.
  void write(const std::string& name, const std::string& text, WallTime time) const {
    std::ofstream(path(name)) << text;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path(name).c_str(), times, 0), 0);
  }
  static std::vector<std::string> texts(const std::vector<LogLine>& lines) {
    std::vector<std::string> all;
    for (const LogLine& line : lines) all.push_back(std::to_string(line.instance) + " " + line.text);
    return all;
  }
  static std::string at(int minute, const std::string& text) {
    const WallTime time = SystemClock().wall_now() + std::chrono::hours(1) + std::chrono::minutes(minute);
    return format_time(time) + " " + text + "\n";
  }
};

TEST_F(TimedLogTest, OfSeveralInstancesIsMergedByTime) {
  const WallTime last = SystemClock().wall_now() + std::chrono::hours(2);
  const std::string first = at(1, "a"), second = at(2, "b"), third = at(3, "c"), fourth = at(4, "d");
  write("1", first + "  a trace\n" + third, last);
  write("2", second + fourth, last);
  std::vector<LogLine> all = timed_lines_of(1, path("1"), {});
  for (LogLine& line : timed_lines_of(2, path("2"), {})) all.push_back(std::move(line));
  const auto merged = merge_logs(all, 10);
  std::vector<std::string> ends;
  for (const LogLine& line : merged) ends.push_back(std::to_string(line.instance) + line.text.back());
  EXPECT_THAT(ends, ElementsAre("1a", "1e", "2b", "1c", "2d")) << "a line without a time follows its own";
  EXPECT_EQ(merge_logs(all, 2).size(), 2U);
  EXPECT_TRUE(merged[1].is_estimated);
  EXPECT_FALSE(merged[2].is_estimated);
}

// An old error is no fresh one, though the other's log is full.
TEST_F(TimedLogTest, WithoutTimesIsPlacedByWhenTheFileWasWritten) {
  const WallTime now = SystemClock().wall_now();
  write("1", "error\n", now + std::chrono::hours(3));
  std::string busy;
  for (int i = 0; i < 500; ++i) busy += "line\n";
  write("2", busy, now + std::chrono::hours(2));
  std::vector<LogLine> all = timed_lines_of(2, path("2"), {100, {}, {}});
  EXPECT_EQ(all.size(), 100U);
  for (LogLine& line : timed_lines_of(1, path("1"), {100, {}, {}})) all.push_back(std::move(line));
  EXPECT_EQ(merge_logs(all, 100).back().text, "error");
}

TEST_F(TimedLogTest, IsCutByTime) {
  const WallTime last = SystemClock().wall_now() + std::chrono::hours(2);
  write("1", at(1, "a") + at(2, "b") + at(3, "c"), last);
  const auto lines = timed_lines_of(1, path("1"), {});
  LogPart part;
  part.since = lines[1].time;
  EXPECT_EQ(timed_lines_of(1, path("1"), part).size(), 2U);
  part.until = lines[1].time;
  EXPECT_EQ(timed_lines_of(1, path("1"), part).size(), 1U);
}

TEST_F(TimedLogTest, TellsWhereItEnded) {
  int64_t end = -1;
  write("1", "one\ntwo", SystemClock().wall_now());
  EXPECT_THAT(texts(timed_lines_of(1, path("1"), {1, {}, {}}, &end)), ElementsAre("1 two"));
  EXPECT_EQ(end, 7);
  EXPECT_THAT(timed_lines_of(1, path("none"), {}, &end), IsEmpty());
  EXPECT_EQ(end, 0);
}

}  // namespace
}  // namespace rollctl
