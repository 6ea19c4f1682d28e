// SPDX-License-Identifier: MIT
#include "ui/status_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ui/age.h"
#include "unit/ui/screen.h"

namespace rollctl {
namespace {

using test::color_screen;
using test::kNow;
using test::pipe_output;
using test::screen;

InstanceStatus instance(InstanceId id, InstanceState state) {
  InstanceStatus status;
  status.id = id;
  status.release = "v2";
  status.generation = 7;
  status.state = state;
  status.weight = state == InstanceState::Serving ? 50 : 0;
  status.pid = 4700 + static_cast<pid_t>(id);
  status.shim_pid = 4600 + static_cast<pid_t>(id);
  status.connections = 3;
  status.started = kNow - std::chrono::minutes(3);
  status.ready_after = Millis(35);
  return status;
}

AppStatus serving() {
  AppStatus status;
  status.app = "web";
  status.release = "v2";
  status.generation = 7;
  status.wanted = status.serving = 2;
  status.handover = "steer";
  status.listen = {"0.0.0.0:8080"};
  status.since = kNow - std::chrono::minutes(3);
  status.instances = {instance(12, InstanceState::Serving), instance(13, InstanceState::Serving)};
  return status;
}

AppStatus draining() {
  AppStatus status = serving();
  InstanceStatus old = instance(9, InstanceState::Draining);
  old.release = "v1";
  old.restarts = 2;
  old.drain_deadline = kNow + std::chrono::seconds(42);
  old.supervision = InstanceStatus::Supervision::Unsupervised;
  old.status = "3 uploads left";
  status.instances.insert(status.instances.begin(), old);
  return status;
}

std::string shown(const AppStatus& status, const Terminal& terminal, Detail detail = Detail::Normal) {
  return render(status_lines(status, kNow, terminal, detail), terminal);
}

TEST(StatusViewTest, ShowsAnAppThatServes) {
  EXPECT_EQ(shown(serving(), pipe_output()),
            "web: v2 serves with 2 of 2 instances on 0.0.0.0:8080, deployed 3 min ago\n"
            "ID  RELEASE  STATE    WEIGHT   PID  CONN     UP\n"
            "12  v2       serving     50%  4712     3  3 min\n"
            "13  v2       serving     50%  4713     3  3 min\n");
}

TEST(StatusViewTest, ShowsWhatDrainsAndHowLongItMay) {
  EXPECT_EQ(shown(draining(), pipe_output()),
            "web: v2 serves with 2 of 2 instances on 0.0.0.0:8080, deployed 3 min ago\n"
            "ID  RELEASE  STATE     WEIGHT   PID  CONN  RESTARTS     UP  NOTE\n"
            " 9  v1       draining          4709     3         2  3 min  unsupervised, cut in 42 s, "
            "3 uploads left\n"
            "12  v2       serving      50%  4712     3            3 min\n"
            "13  v2       serving      50%  4713     3            3 min\n");
}

TEST(StatusViewTest, SaysThatTheMainProcessHasEndedAndWhyAServerFailed) {
  AppStatus status = serving();
  InstanceStatus old = instance(9, InstanceState::Draining);
  old.left = {4709, 4710};
  InstanceStatus failed = instance(10, InstanceState::Failed);
  failed.pid = 0;
  failed.reason = "the server exited with 3";
  status.instances = {old, failed};
  EXPECT_EQ(shown(status, pipe_output()),
            "web: v2 serves with 2 of 2 instances on 0.0.0.0:8080, deployed 3 min ago\n"
            "ID  RELEASE  STATE      PID  CONN     UP  NOTE\n"
            " 9  v2       draining  4709     3  3 min  main process ended, 2 processes left\n"
            "10  v2       failed             3         the server exited with 3\n");
}

TEST(StatusViewTest, NamesAnInstanceThatClientsDoNotReach) {
  AppStatus status = serving();
  status.serving = 1;
  status.instances[1].unreachable = true;
  status.instances[1].weight = 0;
  EXPECT_EQ(shown(status, pipe_output()),
            "web: v2 serves with 1 of 2 instances on 0.0.0.0:8080, deployed 3 min ago\n"
            "unreachable: instance 13 runs and has no listener that clients reach\n"
            "hint: see `rollctl logs web`; `rollctl restart web` replaces it\n"
            "ID  RELEASE  STATE    WEIGHT   PID  CONN     UP  NOTE\n"
            "12  v2       serving     50%  4712     3  3 min\n"
            "13  v2       serving          4713     3  3 min  no listener\n");
}

TEST(StatusViewTest, CutsTheNoteAndThenLeavesOutColumns) {
  const auto table = [](size_t columns) {
    const Terminal terminal = screen(columns);
    auto lines = status_lines(draining(), kNow, terminal, Detail::Normal);
    lines.erase(lines.begin());
    return render(lines, terminal);
  };
  EXPECT_EQ(table(80),
            "ID  RELEASE  STATE     WEIGHT   PID  CONN  RESTARTS     UP  NOTE\n"
            " 9  v1       draining          4709     3         2  3 min  unsupervised, cut...\n"
            "12  v2       serving      50%  4712     3            3 min\n"
            "13  v2       serving      50%  4713     3            3 min\n");
  EXPECT_EQ(table(40),
            "ID  RELEASE  STATE      PID  CONN     UP\n"
            " 9  v1       draining  4709     3  3 min\n"
            "12  v2       serving   4712     3  3 min\n"
            "13  v2       serving   4713     3  3 min\n");
}

TEST(StatusViewTest, PaintsStatesAndWhatIsMissing) {
  AppStatus status = serving();
  status.serving = 1;
  status.instances.pop_back();
  EXPECT_EQ(shown(status, color_screen()),
            "web: v2 serves with \x1b[31m1 of 2 instances\x1b[0m on 0.0.0.0:8080, deployed 3 min ago\n"
            "\x1b[2mID\x1b[0m  \x1b[2mRELEASE\x1b[0m  \x1b[2mSTATE\x1b[0m    \x1b[2mWEIGHT\x1b[0m   "
            "\x1b[2mPID\x1b[0m  \x1b[2mCONN\x1b[0m     \x1b[2mUP\x1b[0m\n"
            "12  v2       \x1b[32mserving\x1b[0m     50%  4712     3  3 min\n");
}

TEST(StatusViewTest, AddsCountersInDetail) {
  AppStatus status = serving();
  status.instances.pop_back();
  status.instances[0].steered = {1234, 5, 6};
  EXPECT_EQ(shown(status, pipe_output(), Detail::Full),
            "web: v2 serves with 2 of 2 instances on 0.0.0.0:8080, deployed 3 min ago\n"
            "generation 7, last handover steer\n"
            "ID  RELEASE  STATE    WEIGHT   PID  CONN     UP  GEN  SHIM  READY  STEERED  FALLBACKS  "
            "MIGRATIONS\n"
            "12  v2       serving     50%  4712     3  3 min    7  4612  35 ms     1234          5  "
            "         6\n");
}

TEST(StatusViewTest, SaysWhichOfThoseThatServeAreOfAnotherRelease) {
  AppStatus status = serving();
  status.change = RunningChange{RunningChange::Phase::Interrupted, AppCommand::Deploy, "v3", 8,
                                kNow - std::chrono::seconds(12)};
  status.instances[1].release = "v3";
  EXPECT_THAT(shown(status, pipe_output()),
              testing::StartsWith("web: v2 serves with 2 of 2 instances (1 of v3) on 0.0.0.0:8080"));
}

TEST(StatusViewTest, SaysThatSomeServeWhereNoneIsWanted) {
  AppStatus status = serving();
  status.wanted = 0;
  EXPECT_THAT(shown(status, pipe_output()), testing::StartsWith("web: stopped, but 2 instances serve\n"));
  status.release.clear();
  status.serving = 1;
  EXPECT_THAT(shown(status, pipe_output()),
              testing::StartsWith("web: no deploy was completed, but 1 instance serves\n"));
}

TEST(StatusViewTest, SaysWhatRunsOrWasLeft) {
  AppStatus status = serving();
  status.change = RunningChange{RunningChange::Phase::Running, AppCommand::Deploy, "v3", 8,
                                kNow - std::chrono::seconds(12)};
  status.instances.clear();
  EXPECT_EQ(shown(status, pipe_output()),
            "web: v2 serves with 2 of 2 instances on 0.0.0.0:8080, deployed 3 min ago\n"
            "in progress: deploy v3 (generation 8), begun 12 s ago\n");
  status.change->phase = RunningChange::Phase::Interrupted;
  EXPECT_EQ(shown(status, pipe_output()),
            "web: v2 serves with 2 of 2 instances on 0.0.0.0:8080, deployed 3 min ago\n"
            "interrupted: deploy v3 (generation 8), begun 12 s ago\n"
            "hint: finish or undo it with `rollctl recover web`\n");
}

TEST(StatusViewTest, SaysWhatServedLastWhenItIsStopped) {
  AppStatus status = serving();
  status.wanted = status.serving = 0;
  status.instances.clear();
  EXPECT_EQ(shown(status, pipe_output()), "web: stopped, last release v2\n");
  status.release.clear();
  EXPECT_EQ(shown(status, pipe_output()), "web: never deployed\n");
}

TEST(OverviewTest, ShowsALineForEachApp) {
  AppStatus degraded = serving();
  degraded.app = "api";
  degraded.serving = 1;
  degraded.listen = {"[::1]:80", ":443"};
  AppStatus stopped = serving();
  stopped.app = "old";
  stopped.wanted = stopped.serving = 0;
  AppStatus down = serving();
  down.app = "mail";
  down.serving = 0;
  AppStatus never;
  never.app = "new";
  AppStatus left = serving();
  left.app = "odd";
  left.change = RunningChange{};
  left.change->phase = RunningChange::Phase::Interrupted;
  const Terminal terminal = pipe_output();
  EXPECT_EQ(
      render(overview_lines({degraded, down, never, left, stopped, serving()}, kNow, terminal), terminal),
      "APP   RELEASE  STATE           INSTANCES  DEPLOYED   LISTEN\n"
      "api   v2       degraded              1/2  3 min ago  [::1]:80 :443\n"
      "mail  v2       down                  0/2  3 min ago  0.0.0.0:8080\n"
      "new            never deployed        0/0\n"
      "odd   v2       interrupted           2/2  3 min ago  0.0.0.0:8080\n"
      "old   v2       stopped               0/0  3 min ago  0.0.0.0:8080\n"
      "web   v2       serving               2/2  3 min ago  0.0.0.0:8080\n");
}

TEST(AgeTest, IsToldInOneUnit) {
  using namespace std::chrono_literals;
  EXPECT_EQ(short_duration(-5ms), "0 s");
  EXPECT_EQ(short_duration(35ms), "35 ms");
  EXPECT_EQ(short_duration(59'999ms), "59 s");
  EXPECT_EQ(short_duration(119s), "1 min");
  EXPECT_EQ(short_duration(23h), "23 h");
  EXPECT_EQ(short_duration(49h), "2 d");
}

TEST(AgeTest, BecomesADateAfterADay) {
  using namespace std::chrono_literals;
  EXPECT_EQ(relative_time(kNow + 5s, kNow), "just now");
  EXPECT_EQ(relative_time(kNow - 23h, kNow), "23 h ago");
  EXPECT_EQ(relative_time(kNow - 24h, kNow).size(), std::string("2026-01-30 12:00").size());
}

}  // namespace
}  // namespace rollctl
