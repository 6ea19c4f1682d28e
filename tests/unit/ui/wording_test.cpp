// SPDX-License-Identifier: MIT
#include "ui/wording.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>

#include "process/event_codec.h"
#include "state/event.h"
#include "unit/ui/change.h"

namespace rollctl {
namespace {

using test::deployed;
using test::rolled_back;

TEST(SummaryTest, OfAFirstDeployNamesNoRelease) {
  Verdict verdict = deployed();
  verdict.from.reset();
  verdict.wanted = verdict.serving = 1;
  EXPECT_EQ(summary_text(verdict), "web: v2 serves with 1 instance, 0 connections cut, 412 ms");
}

TEST(SummaryTest, TellsHowManyClientsWereAskedToLeave) {
  Verdict verdict = deployed();
  verdict.from.reset();
  verdict.http = HttpReport{.asked = 64, .left = 64};
  EXPECT_EQ(summary_text(verdict),
            "web: v2 serves with 2 instances, 0 connections cut, 64 clients asked to leave, 64 connections "
            "closed, 412 ms");
}

TEST(SummaryTest, OfAFailedFirstDeployDoesNotSpeakOfBefore) {
  Verdict verdict = rolled_back();
  verdict.from.reset();
  EXPECT_EQ(aftermath_text(verdict), "v2 serves with 2 instances");
  verdict.from = "v1";
  EXPECT_EQ(aftermath_text(verdict), "v2 serves as before with 2 instances");
}

TEST(EventTextTest, OfAnAbortNamesTheCanaryAndWhatServes) {
  Event event;
  DeployStarted started;
  started.command = AppCommand::Abort;
  started.release = "v1";
  started.from = "v2";
  started.instances = 1;
  started.handover = "steer";
  event.body = started;
  EXPECT_EQ(event_text(event), "aborting the canary of v2 (v1 serves), handover steer");
}

TEST(SummaryTest, OfTheSameReleaseDoesNotCallItThePreviousOne) {
  Verdict verdict = deployed();
  verdict.from = "v2";
  EXPECT_EQ(summary_text(verdict), "web: v2 serves with 2 instances, 0 connections cut, 412 ms");
}

TEST(SummaryTest, SaysHowItCameAbout) {
  Verdict verdict = deployed();
  verdict.command = AppCommand::Rollback;
  EXPECT_EQ(summary_text(verdict),
            "web: v2 serves with 2 instances (rolled back from v1), 0 connections cut, 412 ms");
  verdict.command = AppCommand::Restart;
  EXPECT_EQ(summary_text(verdict), "web: v2 serves with 2 instances (restarted), 0 connections cut, 412 ms");
  verdict.command = AppCommand::Scale;
  EXPECT_EQ(summary_text(verdict), "web: v2 serves with 2 instances (scaled), 0 connections cut, 412 ms");
  verdict.command = AppCommand::Recover;
  verdict.from = "v2";
  EXPECT_EQ(summary_text(verdict), "web: v2 serves with 2 instances (recovered), 0 connections cut, 412 ms");
}

TEST(SummaryTest, OfAStopSaysThatNothingRuns) {
  Verdict verdict = deployed();
  verdict.command = AppCommand::Stop;
  verdict.wanted = verdict.serving = 0;
  verdict.serving_release.clear();
  EXPECT_EQ(summary_text(verdict), "web: stopped, 0 connections cut, 412 ms");
  verdict.outcome = Outcome::Unchanged;
  EXPECT_EQ(summary_text(verdict), "web: stopped already");
}

TEST(SummaryTest, OfNothingToDoSaysSo) {
  Verdict verdict = deployed();
  verdict.outcome = Outcome::Unchanged;
  EXPECT_EQ(summary_text(verdict), "web: v2 serves with 2 instances already");
}

TEST(SummaryTest, SaysWhatWasNotWaitedFor) {
  Verdict verdict = deployed();
  verdict.draining = {10, 11};
  verdict.interrupted_by = SIGINT;
  verdict.left = 1;
  EXPECT_EQ(summary_text(verdict),
            "web: v2 serves with 2 instances (was v1), 0 connections cut so far, 1 handshake not settled, "
            "2 instances still draining (10, 11), 412 ms, drain not awaited (SIGINT)");
}

TEST(SummaryTest, NeverClaimsThatSomethingServesWhenNothingDoes) {
  Verdict verdict = rolled_back();
  verdict.from.reset();
  verdict.wanted = verdict.serving = 0;
  verdict.serving_release.clear();
  EXPECT_EQ(summary_text(verdict), "web: v3 was not deployed, nothing serves, 0 connections cut, 412 ms");
}

TEST(SummaryTest, NeverClaimsThatAllServeWhenSomeDo) {
  Verdict verdict = rolled_back();
  verdict.serving = 1;
  verdict.serving_release = "v2";
  EXPECT_EQ(aftermath_text(verdict), "v2 serves with only 1 of 2 instances");
  verdict.outcome = Outcome::NeedsAttention;
  EXPECT_EQ(summary_text(verdict),
            "web: needs attention: 1 of 2 instances serve v2, 0 connections cut, 412 ms");
}

TEST(SummaryTest, OfAnInterruptedDeploySaysThatItWasUndone) {
  Verdict verdict = rolled_back();
  verdict.outcome = Outcome::Interrupted;
  verdict.serving_release = "v2";
  EXPECT_EQ(summary_text(verdict),
            "web: interrupted and undone, v2 serves as before with 2 instances, 0 connections cut, 412 ms");
}

TEST(SummaryTest, OfACanaryNamesBoth) {
  Verdict verdict = deployed();
  verdict.outcome = Outcome::Canary;
  verdict.canary = CanaryView{3, "v2", 10};
  EXPECT_EQ(
      summary_text(verdict),
      "web: v2 serves 10% as a canary beside v1, 0 connections cut, 412 ms; `rollctl promote web` keeps it, "
      "`rollctl abort web` ends it");
}

TEST(FailureTest, SaysWhatWasTriedAndWhy) {
  Verdict verdict = rolled_back();
  verdict.command = AppCommand::Rollback;
  verdict.reason = "the disk is full";
  EXPECT_EQ(failure_of(verdict).message, "web: cannot roll back to v3: the disk is full");
  EXPECT_EQ(failure_of(verdict).hint, "fix it and deploy again");
}

TEST(FailureTest, SaysWhatToDoWhenItNeedsAttention) {
  Verdict verdict = rolled_back();
  verdict.outcome = Outcome::NeedsAttention;
  verdict.hint.clear();
  EXPECT_EQ(failure_of(verdict).hint, "look with `rollctl status web`, then `rollctl recover web`");
}

TEST(FailureTest, IsOneOnlyWhenItDidNotBecomeWhatWasAskedFor) {
  for (const auto& [outcome, failure] :
       std::vector<std::pair<Outcome, bool>>{{Outcome::Deployed, false},
                                             {Outcome::Unchanged, false},
                                             {Outcome::Canary, false},
                                             {Outcome::RolledBack, true},
                                             {Outcome::Interrupted, true},
                                             {Outcome::NeedsAttention, true}}) {
    Verdict verdict;
    verdict.outcome = outcome;
    EXPECT_EQ(is_failure(verdict), failure) << outcome_name(outcome);
  }
}

TEST(EventTextTest, PassesOverWhatPeopleNeedNotKnow) {
  EXPECT_EQ(event_text(events::instance_starting(12, "v2")), std::nullopt);
  EXPECT_EQ(event_text(events::traffic_shifting({12}, {}, {})), std::nullopt);
  EXPECT_EQ(event_text(events::instance_stopping(12)), std::nullopt);
  EXPECT_EQ(event_text(events::deploy_finished({})), std::nullopt);
}

TEST(EventTextTest, TellsWhatADrainWaitsFor) {
  EXPECT_EQ(
      event_text(events::instance_lingering({9, ExitStatus{{}, SIGTERM}, 4, 4712, "php", 0, false})),
      "instance 9: the main process was killed by SIGTERM, waiting for php (pid 4712) and 3 more processes, "
      "0 connections open; not told to end: see scope in [drain], rollctl.toml(5)");
  EXPECT_EQ(event_text(events::instance_lingering({9, ExitStatus{0, {}}, 2, 4712, "socat", 6, false})),
            "instance 9: the main process exited with 0, waiting for socat (pid 4712) and 1 more process, "
            "6 connections open");
  EXPECT_EQ(event_text(events::instance_lingering({9, {}, 1, 4712, "php", 0, true})),
            "instance 9: the main process ended, waiting for php (pid 4712), 0 connections open");
}

TEST(EventTextTest, TellsTheExceptionalToo) {
  EXPECT_EQ(event_text(events::instance_unready(12, "GET /readyz: 503")), "instance 12: GET /readyz: 503");
  EXPECT_EQ(event_text(events::instance_settled(9, {Millis(3000), 2})),
            "instance 9: settled after 3.0 s, 2 handshakes not settled");
  EXPECT_EQ(event_text(events::instance_settled(9, {Millis(3000), 0, 0, "no answer"})),
            "instance 9: settled after 3.0 s, the rest is not known: no answer");
  EXPECT_EQ(event_text(events::instance_drained({9, Millis(60'000), 3, ExitStatus{{}, SIGKILL}})),
            "instance 9: drained after 1 min 0 s, 3 connections cut, was killed by SIGKILL");
  EXPECT_EQ(
      event_text(events::instance_drained({9, Millis(8000), 0, ExitStatus{{}, SIGTERM}, 4})),
      "instance 9: drained after 8.0 s, the main process was killed by SIGTERM, 4 processes that it left "
      "were killed");
  EXPECT_EQ(
      event_text(events::instance_drained({9, Millis(8000), 0, ExitStatus{0, {}}, 1})),
      "instance 9: drained after 8.0 s, the main process exited with 0, a process that it left was killed");
  EXPECT_EQ(event_text(events::instance_drained({9, Millis(8000), 0, ExitStatus{{}, SIGKILL}, 4})),
            "instance 9: drained after 8.0 s, was killed by SIGKILL with 4 more processes");
  EXPECT_EQ(event_text(events::instance_drained(
                {9, Millis(80), 0, ExitStatus{0, {}}, 0, HttpReport{64, 62, 2, 0, 1, {}}})),
            "instance 9: drained after 80 ms, 64 clients asked to leave, 62 connections closed, 2 silent, 1 "
            "not asked "
            "(blocking sockets), exited with 0");
  EXPECT_EQ(event_text(events::instance_drained(
                {9, Millis(80), 0, ExitStatus{0, {}}, 0, HttpReport{0, 0, 0, 0, 0, "no memory"}})),
            "instance 9: drained after 80 ms, clients not asked to leave: no memory, exited with 0");
  EXPECT_EQ(event_text(events::instance_drained({9, Millis(80), 0, ExitStatus{0, {}}, 0, HttpReport()})),
            "instance 9: drained after 80 ms, exited with 0");
  EXPECT_EQ(event_text(events::instance_exited(12, ExitStatus{3, {}})),
            "instance 12: the server exited with 3");
  EXPECT_EQ(event_text(events::instance_restarted(12, 99)), "instance 12: restarted, pid 99");
  EXPECT_EQ(event_text(events::traffic_shifted({}, {9, 10}, {})), "traffic shifted: out 9, 10");
}

TEST(EventTextTest, SurvivesAnEventOfAnotherVersion) {
  for (const char* name : {"deploy.started", "instance.started", "instance.ready", "instance.unready",
                           "traffic.shifted", "instance.settled", "instance.draining", "instance.drained",
                           "instance.exited", "instance.restarted", "hook.failed", "deploy.paused"}) {
    const std::string line = fmt::format(R"({{"event":"{}"}})", name);
    EXPECT_NO_THROW((void)event_text(parse_event_line(line).value()));
    const std::string strange =
        fmt::format(R"({{"event":"{}","id":"twelve","in":3,"exit":"x","after_ms":[]}})", name);
    EXPECT_NO_THROW((void)event_text(parse_event_line(strange).value()));
  }
}

}  // namespace
}  // namespace rollctl
