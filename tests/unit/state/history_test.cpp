// SPDX-License-Identifier: MIT
#include "state/history.h"

#include <gtest/gtest.h>

#include "process/event_codec.h"
#include "state/event.h"

namespace rollctl {
namespace {

// Collects events as commands record them.
class HistoryTest : public testing::Test {
 protected:
  void begin(AppCommand command, const std::string& release, int64_t generation, int instances = 2) {
    events::Started started;
    started.command = command;
    started.release = release;
    started.instances = instances;
    started.handover = Handover::Steer;
    generation_ = generation;
    add(events::deploy_started(started));
  }
  void end(Outcome outcome = Outcome::Deployed, const std::string& reason = {}) {
    add(events::deploy_finished({outcome, Millis(412), 1, reason}));
  }
  void done(AppCommand command, const std::string& release, int64_t generation, int instances = 2,
            Outcome outcome = Outcome::Deployed) {
    begin(command, release, generation, instances);
    end(outcome);
  }
  void add(Event event) {
    event.generation = generation_;
    event.time = WallTime(std::chrono::seconds(++clock_));
    events_.push_back(std::move(event));
  }
  [[nodiscard]] History history() const { return fold(events_); }
  [[nodiscard]] std::optional<int64_t> target() const { return history().rollback_target(); }

  std::vector<Event> events_;
  int64_t generation_ = 0;
  int clock_ = 0;
};

TEST_F(HistoryTest, OfNothingIsEmpty) {
  const History none = history();
  EXPECT_TRUE(none.changes.empty());
  EXPECT_EQ(none.current, std::nullopt);
  EXPECT_EQ(none.wanted(), 0);
  EXPECT_EQ(none.unfinished(), nullptr);
  EXPECT_EQ(none.rollback_target(), std::nullopt);
}

TEST_F(HistoryTest, KnowsWhatWasCompletedLast) {
  done(AppCommand::Deploy, "v1", 1);
  done(AppCommand::Deploy, "v2", 2, 3);
  EXPECT_EQ(history().current, 2);
  EXPECT_EQ(history().current_release, "v2");
  EXPECT_EQ(history().wanted(), 3);
  EXPECT_EQ(history().current_since, WallTime(std::chrono::seconds(4)));
}

TEST_F(HistoryTest, KeepsWhatAChangeSaidOfItself) {
  begin(AppCommand::Deploy, "v1", 1);
  end(Outcome::RolledBack, "not ready");
  const Change change = history().changes.at(0);
  EXPECT_EQ(change.command, AppCommand::Deploy);
  EXPECT_EQ(change.release, "v1");
  EXPECT_EQ(change.from, std::nullopt);
  EXPECT_EQ(change.handover, "steer");
  EXPECT_EQ(change.outcome, Outcome::RolledBack);
  EXPECT_EQ(change.duration, Millis(412));
  EXPECT_EQ(change.connections_cut, 1u);
  EXPECT_EQ(change.reason, "not ready");
  EXPECT_EQ(change.started, WallTime(std::chrono::seconds(1)));
}

TEST_F(HistoryTest, CountsWhatAnInstanceCutThatOutlivedItsChange) {
  done(AppCommand::Deploy, "v1", 1);
  begin(AppCommand::Deploy, "v2", 2);
  add(events::instance_drained({1, Millis(5), 3, std::nullopt}));  // a part of the end's count
  add(events::deploy_finished({Outcome::Deployed, Millis(9), 3, {}, {2, 3}}));
  EXPECT_EQ(history().changes.at(1).connections_cut, 3U);
  EXPECT_EQ(history().changes.at(1).remaining, (std::set<InstanceId>{2, 3}));
  add(events::instance_drained({2, Millis(5), 7, std::nullopt, 0, HttpReport{.asked = 4}}));
  EXPECT_EQ(history().changes.at(1).connections_cut, 10U);
  EXPECT_EQ(history().changes.at(1).http, (HttpReport{.asked = 4}));
  EXPECT_EQ(history().changes.at(1).remaining, (std::set<InstanceId>{3}));
  done(AppCommand::Scale, "v2", 2, 1);
  add(events::instance_drained({3, Millis(5), 1, std::nullopt}));
  EXPECT_EQ(history().changes.at(1).connections_cut, 11U) << "also while later changes were made";
  EXPECT_TRUE(history().changes.at(1).remaining.empty());
  EXPECT_EQ(history().changes.at(2).connections_cut, 1U) << "what it counted itself";
}

TEST_F(HistoryTest, TakesNothingThatFailedForCompleted) {
  done(AppCommand::Deploy, "v1", 1);
  for (const Outcome outcome :
       {Outcome::RolledBack, Outcome::Interrupted, Outcome::Canary, Outcome::NeedsAttention})
    done(AppCommand::Deploy, "v2", 2, 5, outcome);
  EXPECT_EQ(history().current, 1);
  EXPECT_EQ(history().wanted(), 2);
  EXPECT_EQ(history().completed(2), nullptr);
  EXPECT_EQ(history().completed_generation_of("v2"), std::nullopt);
}

TEST_F(HistoryTest, NeverForgetsAnIdOrAGenerationThatWasUsed) {
  begin(AppCommand::Deploy, "v1", 4);
  add(events::instance_starting(11, "v1"));
  add(events::instance_starting(12, "v1"));
  end(Outcome::RolledBack);
  EXPECT_EQ(history().last_generation, 4);
  EXPECT_EQ(history().last_instance, 12);
}

TEST_F(HistoryTest, KnowsHowFarAnUnfinishedChangeGot) {
  done(AppCommand::Deploy, "v1", 1);
  begin(AppCommand::Deploy, "v2", 2);
  add(events::instance_starting(3, "v2"));
  add(events::instance_starting(4, "v2"));
  add(events::traffic_shifting({3}, {1}, {}));
  const History before = history();
  ASSERT_NE(before.unfinished(), nullptr);
  EXPECT_EQ(before.unfinished()->starting, (std::set<InstanceId>{3, 4}));
  EXPECT_TRUE(before.unfinished()->shifted_in.empty());
  add(events::traffic_shifted({3}, {1}, {}));
  add(events::instance_stopping(1));
  const History after = history();
  EXPECT_EQ(after.unfinished()->shifted_in, std::set<InstanceId>{3});
  EXPECT_EQ(after.unfinished()->shifted_out, std::set<InstanceId>{1});
  EXPECT_EQ(after.unfinished()->stopping, std::set<InstanceId>{1});
  EXPECT_EQ(after.current, 1);
}

TEST_F(HistoryTest, LeavesAChangeThatNeedsAttentionToRecover) {
  done(AppCommand::Deploy, "v1", 1);
  EXPECT_EQ(history().unfinished(), nullptr);
  done(AppCommand::Deploy, "v2", 2, 2, Outcome::NeedsAttention);
  ASSERT_NE(history().unfinished(), nullptr);
  EXPECT_EQ(history().unfinished()->generation, 2);
}

TEST_F(HistoryTest, TakesAShimsLateNewsForNoPartOfAFinishedChange) {
  done(AppCommand::Deploy, "v1", 1);
  add(events::instance_stopping(1));
  add(events::instance_drained({1, Millis(5), 0, std::nullopt}));
  EXPECT_TRUE(history().changes.at(0).stopping.empty());
}

TEST_F(HistoryTest, WantsNothingWhileItIsStopped) {
  done(AppCommand::Deploy, "v1", 1);
  done(AppCommand::Stop, "v1", 1, 0);
  EXPECT_EQ(history().wanted(), 0);
  EXPECT_EQ(history().instances, 2);
  EXPECT_EQ(history().current, 1);
  done(AppCommand::Start, "v1", 1, 2);
  EXPECT_EQ(history().wanted(), 2);
}

TEST_F(HistoryTest, WantsAsManyAsItWasScaledTo) {
  done(AppCommand::Deploy, "v1", 1);
  done(AppCommand::Scale, "v1", 1, 5);
  EXPECT_EQ(history().wanted(), 5);
  EXPECT_EQ(history().current, 1);
  EXPECT_EQ(history().scaled_to, 5);
}

TEST_F(HistoryTest, RollsBackToTheReleaseBefore) {
  done(AppCommand::Deploy, "v1", 1);
  EXPECT_EQ(target(), std::nullopt);
  done(AppCommand::Deploy, "v2", 2);
  EXPECT_EQ(target(), 1);
  done(AppCommand::Deploy, "v3", 3);
  EXPECT_EQ(target(), 2);
}

TEST_F(HistoryTest, ReturnsWhenRolledBackTwice) {
  done(AppCommand::Deploy, "v1", 1);
  done(AppCommand::Deploy, "v2", 2);
  done(AppCommand::Rollback, "v1", 3);
  EXPECT_EQ(target(), 2);
  done(AppCommand::Rollback, "v2", 4);
  EXPECT_EQ(target(), 3);
  EXPECT_EQ(history().completed(3)->release, "v1");
}

TEST_F(HistoryTest, RollsBackOverFailures) {
  done(AppCommand::Deploy, "v1", 1);
  done(AppCommand::Deploy, "v2", 2);
  done(AppCommand::Deploy, "v3", 3, 2, Outcome::RolledBack);
  begin(AppCommand::Deploy, "v4", 4);
  EXPECT_EQ(target(), 1);
}

TEST_F(HistoryTest, CountsNoRestartAsARelease) {
  done(AppCommand::Deploy, "v1", 1);
  done(AppCommand::Deploy, "v2", 2);
  done(AppCommand::Restart, "v2", 3);
  EXPECT_EQ(target(), 1);
}

TEST_F(HistoryTest, RollsBackToWhatARestartMadeOfARelease) {
  done(AppCommand::Deploy, "v1", 1);
  done(AppCommand::Restart, "v1", 2);
  done(AppCommand::Deploy, "v2", 3);
  EXPECT_EQ(target(), 2);
}

TEST_F(HistoryTest, CountsNeitherScaleNorStopNorStart) {
  done(AppCommand::Deploy, "v1", 1);
  done(AppCommand::Scale, "v1", 1, 4);
  done(AppCommand::Stop, "v1", 1);
  done(AppCommand::Start, "v1", 1);
  EXPECT_EQ(target(), std::nullopt);
}

TEST_F(HistoryTest, FindsTheNewestGenerationOfARelease) {
  done(AppCommand::Deploy, "v1", 1);
  done(AppCommand::Deploy, "v2", 2);
  done(AppCommand::Rollback, "v1", 3);
  EXPECT_EQ(history().completed_generation_of("v1"), 3);
  EXPECT_EQ(history().completed_generation_of("v2"), 2);
  EXPECT_EQ(history().completed_generation_of("v9"), std::nullopt);
  EXPECT_EQ(history().completed(9), nullptr);
}

TEST_F(HistoryTest, SurvivesEventsOfAnotherVersion) {
  const char* lines[] = {
      R"({"event":"deploy.started","generation":1,"release":7,"instances":"two","from":[],"note":{}})",
      R"({"event":"instance.starting","id":"one"})",
      R"({"event":"traffic.shifted","in":[1,"two",null],"out":"all"})",
      R"({"event":"deploy.paused"})",
      R"({"event":"deploy.finished","outcome":"celebrated","duration_ms":"long"})",
  };
  for (const char* line : lines) events_.push_back(parse_event_line(line).value());
  ASSERT_EQ(history().changes.size(), 1u);
  EXPECT_EQ(history().changes[0].outcome, Outcome::NeedsAttention);
  EXPECT_EQ(history().changes[0].shifted_in, std::set<InstanceId>{1});
}

TEST_F(HistoryTest, SurvivesAnEndWithoutABeginning) {
  end();
  EXPECT_TRUE(history().changes.empty());
  EXPECT_EQ(history().current, std::nullopt);
}

}  // namespace
}  // namespace rollctl
