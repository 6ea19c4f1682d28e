// SPDX-License-Identifier: MIT
#include "ui/human_reporter.h"

#include <gtest/gtest.h>

#include "steering/handover.h"
#include "unit/ui/change.h"
#include "unit/ui/screen.h"

namespace rollctl {
namespace {

using test::color_screen;
using test::deployed;
using test::pipe_output;
using test::rolled_back;
using test::screen;
using test::StringSink;
using test::v2_over_v1;
using test::view;

class HumanReporterTest : public testing::Test {
 protected:
  HumanReporter reporter(const Terminal& terminal, Verbosity verbosity = Verbosity::Normal) {
    return HumanReporter({out_, terminal, err_, terminal}, "web", verbosity);
  }

  // Reports a deploy.
  static void deploy(HumanReporter& reporter) {
    InstanceView old = view(9, "v1", InstanceState::Serving);
    old.ready_after = Millis(20);
    InstanceView fresh = view(12, "v2", InstanceState::Starting);
    fresh.detail = "GET /readyz: 503";
    reporter.on_event(events::deploy_started(v2_over_v1()));
    reporter.on_fleet({old, fresh});
    reporter.on_event(events::instance_started(12, "v2", 4711));
    fresh.state = InstanceState::Ready;
    fresh.detail.clear();
    fresh.ready_after = Millis(35);
    reporter.on_event(events::instance_ready(12, Millis(35)));
    reporter.on_fleet({old, fresh});
    fresh.state = InstanceState::Serving;
    reporter.on_event(events::traffic_shifted({12}, {9}, {{12, 100.0}}));
    old.state = InstanceState::Draining;
    old.connections = 1;
    reporter.on_event(events::instance_settled(9, {Millis(3), 0}));
    reporter.on_event(events::instance_draining(9, 1, Millis(60'000)));
    reporter.on_fleet({old, fresh});
    old.state = InstanceState::Stopped;
    old.connections.reset();
    reporter.on_event(events::instance_drained({9, Millis(1200), 0, ExitStatus{0, {}}}));
    reporter.on_fleet({old, fresh});
    reporter.finish(deployed(), 0);
  }

  StringSink out_, err_;
};

TEST_F(HumanReporterTest, SaysTheEndingAndHowMuchABlockedOutputLeftOut) {
  err_.now = out_.now = Sink::Flow::Blocked;
  HumanReporter human = reporter(pipe_output());
  deploy(human);
  EXPECT_EQ(err_.take(), "warning: 7 lines were not written: the output was blocked\n");
  EXPECT_NE(out_.take().find("v2 serves with 2 instances"), std::string::npos);
}

TEST_F(HumanReporterTest, MovesOneLinePerInstanceThroughItsStatesInPlace) {
  HumanReporter human = reporter(screen(60));
  deploy(human);
  EXPECT_EQ(err_.take(),
            "web: deploying v2 with 1 instance (v1 serves), handover steer\n"
            "   9  v1  serving\x1b[K\n"
            "  12  v2  starting    GET /readyz: 503\x1b[K\n"
            "\x1b[2A"
            "   9  v1  serving\x1b[K\n"
            "  12  v2  ready       ready after 35 ms\x1b[K\n"
            "\x1b[2A"
            "   9  v1  draining    1 connection\x1b[K\n"
            "  12  v2  serving     ready after 35 ms\x1b[K\n"
            "\x1b[2A"
            "   9  v1  stopped\x1b[K\n"
            "  12  v2  serving     ready after 35 ms\x1b[K\n");
  EXPECT_EQ(out_.take(), "web: v2 serves with 2 instances (was v1), 0 connections cut, 412 ms\n");
}

TEST_F(HumanReporterTest, PaintsOnlyTheStates) {
  HumanReporter human = reporter(color_screen(60));
  human.on_fleet({view(9, "v1", InstanceState::Serving), view(10, "v1", InstanceState::Failed),
                  view(11, "v1", InstanceState::Stopped), view(12, "v2", InstanceState::Starting)});
  EXPECT_EQ(err_.take(),
            "   9  v1  \x1b[32mserving\x1b[0m\x1b[K\n"
            "  10  v1  \x1b[31mfailed\x1b[0m\x1b[K\n"
            "  11  v1  \x1b[2mstopped\x1b[0m\x1b[K\n"
            "  12  v2  \x1b[33mstarting\x1b[0m\x1b[K\n");
}

TEST_F(HumanReporterTest, TellsOneEventPerLineInAPipe) {
  HumanReporter human = reporter(pipe_output());
  deploy(human);
  EXPECT_EQ(err_.take(),
            "web: deploying v2 with 1 instance (v1 serves), handover steer\n"
            "web: instance 12: v2 started, pid 4711\n"
            "web: instance 12: ready after 35 ms\n"
            "web: traffic shifted: in 12, out 9\n"
            "web: instance 9: settled after 3 ms\n"
            "web: instance 9: draining, 1 connection open, at most 1m\n"
            "web: instance 9: drained after 1.2 s, exited with 0\n");
  EXPECT_EQ(out_.take(), "web: v2 serves with 2 instances (was v1), 0 connections cut, 412 ms\n");
}

TEST_F(HumanReporterTest, CutsLinesOnANarrowTerminal) {
  HumanReporter human = reporter(screen(24));
  InstanceView fresh = view(12, "v2", InstanceState::Starting);
  fresh.detail = "GET /readyz: 503";
  human.on_fleet({fresh});
  EXPECT_EQ(err_.take(), "  12  v2  starting  ...\x1b[K\n");
}

TEST_F(HumanReporterTest, LeavesOutWhatHasGoneWhereThereIsNotRoomForAll) {
  HumanReporter human = reporter(screen(40, 3));
  human.on_fleet({view(9, "v1", InstanceState::Stopped), view(10, "v1", InstanceState::Draining),
                  view(12, "v2", InstanceState::Serving)});
  EXPECT_EQ(err_.take(), "  10  v1  draining\x1b[K\n  12  v2  serving\x1b[K\n");
}

TEST_F(HumanReporterTest, ShowsWhatAServerSaysWithoutObeyingIt) {
  HumanReporter human = reporter(screen(60));
  InstanceView fresh = view(12, "v2", InstanceState::Starting);
  fresh.detail = "\x1b[2Jwarming\nup";
  human.on_fleet({fresh});
  EXPECT_EQ(err_.take(), "  12  v2  starting    ^[[2Jwarming^Jup\x1b[K\n");
}

TEST_F(HumanReporterTest, SaysOfAFailureWhatWasTriedOnWhatWhyAndWhatServes) {
  HumanReporter human = reporter(pipe_output());
  human.finish(rolled_back(), 1);
  EXPECT_EQ(err_.take(),
            "rollctl: web: cannot deploy v3: instance 14: the server exited with 3 before it was ready\n"
            "  the last lines that instance 14 logged:\n"
            "    | reading    config\n"
            "    | ^[[31mno such file^[[0m\n"
            "  v2 serves as before with 2 instances\n"
            "hint: fix it and deploy again\n");
  EXPECT_EQ(out_.take(),
            "web: v3 was not deployed, v2 serves as before with 2 instances, 0 connections cut, 412 ms\n");
}

TEST_F(HumanReporterTest, SaysOfAFailureOnATerminalTheSameInQuietColours) {
  HumanReporter human = reporter(color_screen());
  human.on_fleet({view(14, "v3", InstanceState::Stopped)});
  err_.take();
  human.finish(rolled_back(), 1);
  EXPECT_EQ(err_.take(),
            "\x1b[31mrollctl:\x1b[0m web: cannot deploy v3: instance 14: the server exited with 3 before it "
            "was ready\n"
            "  the last lines that instance 14 logged:\n"
            "\x1b[2m    | \x1b[0mreading    config\n"
            "\x1b[2m    | \x1b[0m^[[31mno such file^[[0m\n"
            "  v2 serves as before with 2 instances\n"
            "\x1b[2mhint:\x1b[0m fix it and deploy again\n");
}

TEST_F(HumanReporterTest, SaysWhenAFailedInstanceLoggedNothing) {
  Verdict verdict = rolled_back();
  verdict.failed->last_lines.clear();
  HumanReporter human = reporter(pipe_output());
  human.finish(verdict, 1);
  EXPECT_NE(err_.take().find("  instance 14 logged nothing\n"), std::string::npos);
}

TEST_F(HumanReporterTest, TellsWhatAnInstanceDidWhenTheReasonDoesNot) {
  Verdict verdict = rolled_back();
  verdict.reason = "the batch failed";
  HumanReporter human = reporter(pipe_output());
  human.finish(verdict, 1);
  EXPECT_TRUE(
      err_.take().starts_with("rollctl: web: cannot deploy v3: the batch failed\n"
                              "  instance 14: the server exited with 3 before it was ready\n"));
}

TEST_F(HumanReporterTest, SaysOnlyWhatWentWrongWhenQuiet) {
  HumanReporter human = reporter(pipe_output(), Verbosity::Quiet);
  deploy(human);
  EXPECT_EQ(err_.take(), "");
  EXPECT_EQ(out_.take(), "");
  human.on_warning("the journal cannot be written");
  EXPECT_EQ(err_.take(), "warning: the journal cannot be written\n");
  human.finish(rolled_back(), 1);
  EXPECT_NE(err_.take(), "");
  EXPECT_EQ(out_.take(), "");
}

TEST_F(HumanReporterTest, HasNoLinesInPlaceWhenQuiet) {
  HumanReporter human = reporter(screen(60), Verbosity::Quiet);
  deploy(human);
  EXPECT_EQ(err_.take(), "");
}

TEST_F(HumanReporterTest, TellsEveryEventAndTheGuaranteeWhenVerbose) {
  HumanReporter human = reporter(screen(60), Verbosity::Verbose);
  human.on_event(events::deploy_started(v2_over_v1()));
  human.on_event(events::instance_ready(12, Millis(35)));
  EXPECT_EQ(err_.take(),
            "web: deploying v2 with 1 instance (v1 serves), handover steer\n"
            "web: " +
                handover_guarantee(Handover::Steer) +
                "\n"
                "web: instance 12: ready after 35 ms\n");
}

TEST_F(HumanReporterTest, AlwaysSaysWhenConnectionsMayBeLost) {
  events::Started started = v2_over_v1();
  started.handover = Handover::Plain;
  HumanReporter human = reporter(pipe_output(), Verbosity::Quiet);
  human.on_event(events::deploy_started(started));
  EXPECT_EQ(err_.take(), "warning: " + handover_guarantee(Handover::Plain) + "\n");
}

TEST_F(HumanReporterTest, SaysNothingOfAHandoverWhereThereIsNone) {
  events::Started first = v2_over_v1();
  first.handover = Handover::Plain;
  first.from.reset();
  events::Started stop = v2_over_v1();
  stop.handover = Handover::Plain;
  stop.command = AppCommand::Stop;
  HumanReporter human = reporter(pipe_output(), Verbosity::Quiet);
  human.on_event(events::deploy_started(first));
  human.on_event(events::deploy_started(stop));
  EXPECT_EQ(err_.take(), "");
}

TEST_F(HumanReporterTest, WarnsOfAFailedHookAboveTheInstances) {
  HumanReporter human = reporter(screen(60));
  human.on_fleet({view(9, "v1", InstanceState::Serving)});
  err_.take();
  human.on_event(events::hook_failed("before_drain", ExitStatus{3, {}}));
  EXPECT_EQ(err_.take(), "\x1b[1A\x1b[Jwarning: hook before_drain exited with 3\n  9  v1  serving\x1b[K\n");
}

TEST_F(HumanReporterTest, WarnsOfCutConnections) {
  Verdict verdict = deployed();
  verdict.connections_cut = 3;
  HumanReporter human = reporter(pipe_output());
  human.finish(verdict, 0);
  EXPECT_EQ(err_.take(), "warning: 3 connections cut at the drain deadline\n");
  EXPECT_EQ(out_.take(), "web: v2 serves with 2 instances (was v1), 3 connections cut, 412 ms\n");
}

TEST_F(HumanReporterTest, AdvisesAfterASuccessUnlessQuiet) {
  Verdict verdict = deployed();
  verdict.hint = "set ready.kind";
  reporter(pipe_output()).finish(verdict, 0);
  EXPECT_EQ(err_.take(), "hint: set ready.kind\n");
  reporter(pipe_output(), Verbosity::Quiet).finish(verdict, 0);
  EXPECT_EQ(err_.take(), "");
}

TEST_F(HumanReporterTest, SaysWhyCutConnectionsMakeAnExitStatus) {
  Verdict verdict = deployed();
  verdict.connections_cut = 1;
  HumanReporter human = reporter(pipe_output());
  human.finish(verdict, 4);
  EXPECT_EQ(err_.take(), "rollctl: 1 connection cut at the drain deadline, which --strict does not allow\n");
}

TEST_F(HumanReporterTest, BoundsALogLineThatIsAWholeDocument) {
  Verdict verdict = rolled_back();
  verdict.failed->last_lines = {std::string(5000, 'x')};
  HumanReporter human = reporter(pipe_output());
  human.finish(verdict, 1);
  EXPECT_NE(err_.take().find("    | " + std::string(397, 'x') + "...\n"), std::string::npos);
}

TEST_F(HumanReporterTest, TellsAnErrorWithItsHint) {
  HumanReporter human = reporter(pipe_output());
  human.error({ErrorKind::Invalid, 0, "web.toml:3: unknown key 'lisen'", "did you mean 'listen'?"}, 2);
  EXPECT_EQ(err_.take(), "rollctl: web.toml:3: unknown key 'lisen'\nhint: did you mean 'listen'?\n");
  EXPECT_EQ(out_.take(), "");
}

}  // namespace
}  // namespace rollctl
