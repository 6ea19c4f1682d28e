// SPDX-License-Identifier: MIT
#include "probe/readiness.h"

#include <gtest/gtest.h>

#include <deque>

#include "support/fake_scheduler.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;
using Known = Readiness::State;

const ProbeResult kGood{ProbeAnswer::Ready, "fine"};
const ProbeResult kBad{ProbeAnswer::NotReady, "GET / answered 503"};
const ProbeResult kNotYet{ProbeAnswer::NotReady, "does not listen yet", ProbeResult::Retry::Soon};

// Answers from a script, each after `takes`; repeats the last answer.
class ScriptedProbe final : public Probe {
 public:
  explicit ScriptedProbe(FakeScheduler& scheduler) : scheduler_(scheduler) {}

  std::unique_ptr<ProbeAttempt> attempt(const ProbeSpec&, const ProbeSubject&, Done done) override {
    asked_at.push_back(scheduler_.now());
    struct Attempt final : ProbeAttempt {
      Watch watch;
    };
    auto attempt = std::make_unique<Attempt>();
    const ProbeResult answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    attempt->watch = scheduler_.after(takes, [answer, done] { done(answer); });
    return attempt;
  }

  std::deque<ProbeResult> answers{kGood};
  Micros takes{0};
  std::vector<TimePoint> asked_at;

 private:
  FakeScheduler& scheduler_;
};

class ReadinessTest : public testing::Test {
 protected:
  void watch(ProbeKind kind, int successes = 1, int failures = 1) {
    readiness_ = std::make_unique<Readiness>(
        scheduler_, probe_,
        ProbeSpec{.kind = kind, .interval = 100ms, .successes = successes, .failures = failures},
        ProbeSubject{}, [this] { changes_.push_back(readiness_->state()); });
  }
  bool wait_for(Known state) {
    return scheduler_.run_until([&] { return readiness_->state() == state; }, scheduler_.now() + 1min) ==
           WaitEnd::Satisfied;
  }
  Micros elapsed() const { return std::chrono::duration_cast<Micros>(scheduler_.now() - start_); }

  FakeScheduler scheduler_;
  TimePoint start_ = scheduler_.now();
  ScriptedProbe probe_{scheduler_};
  std::vector<Known> changes_;
  std::unique_ptr<Readiness> readiness_;
};

TEST_F(ReadinessTest, AsksAtOnceAndTellsTheChangeOnce) {
  watch(ProbeKind::Http);
  EXPECT_EQ(readiness_->state(), Known::Unknown);
  ASSERT_TRUE(wait_for(Known::Ready));
  EXPECT_EQ(elapsed(), 0us);
  scheduler_.advance(1s);
  EXPECT_EQ(changes_, std::vector{Known::Ready});
  EXPECT_EQ(readiness_->detail(), "");
}

TEST_F(ReadinessTest, WaitsTheIntervalAfterAnAnswerThatWasBad) {
  probe_.answers = {kBad, kBad, kGood};
  watch(ProbeKind::Http);
  scheduler_.advance(1ms);
  EXPECT_EQ(readiness_->detail(), "GET / answered 503");
  EXPECT_EQ(readiness_->state(), Known::Unknown);
  ASSERT_TRUE(wait_for(Known::Ready));
  EXPECT_EQ(elapsed(), 200ms);
}

TEST_F(ReadinessTest, WantsThatManyGoodAnswersInARow) {
  probe_.answers = {kGood, kGood, kBad, kGood, kGood, kGood};
  watch(ProbeKind::Http, 3);
  ASSERT_TRUE(wait_for(Known::Ready));
  EXPECT_EQ(probe_.asked_at.size(), 6U);
}

TEST_F(ReadinessTest, WantsThatManyBadAnswersInARowToTakeItBack) {
  probe_.answers = {kGood, kBad, kBad, kGood, kBad, kBad, kBad, kGood};
  watch(ProbeKind::Http, 1, 3);
  ASSERT_TRUE(wait_for(Known::Unready));
  EXPECT_EQ(probe_.asked_at.size(), 7U);
  EXPECT_EQ(readiness_->detail(), "GET / answered 503");
  ASSERT_TRUE(wait_for(Known::Ready));
  EXPECT_EQ(changes_, (std::vector{Known::Ready, Known::Unready, Known::Ready}));
}

TEST_F(ReadinessTest, WhatCouldNotBeAskedIsNoAnswer) {
  const ProbeResult unknown{ProbeAnswer::Unknown, "cannot make a socket: Too many open files"};
  probe_.answers = {unknown, unknown, kGood, unknown};
  watch(ProbeKind::Http);
  scheduler_.advance(150ms);
  EXPECT_EQ(readiness_->state(), Known::Unknown);
  EXPECT_EQ(readiness_->detail(), unknown.detail);
  ASSERT_TRUE(wait_for(Known::Ready));
  scheduler_.advance(10s);
  EXPECT_GT(probe_.asked_at.size(), 50U) << "it is asked again";
  EXPECT_EQ(changes_, std::vector{Known::Ready});
}

TEST_F(ReadinessTest, SaysAtOnceWhatCanNeverBeAsked) {
  probe_.answers = {{ProbeAnswer::Impossible, "cannot look at the descriptors of process 7"}};
  watch(ProbeKind::Http, 3);
  ASSERT_TRUE(wait_for(Known::Impossible));
  EXPECT_EQ(probe_.asked_at.size(), 1U);
  EXPECT_EQ(readiness_->detail(), "cannot look at the descriptors of process 7");
}

TEST_F(ReadinessTest, CountsBadAnswersOnThroughThoseThatWereNone) {
  const ProbeResult unknown{ProbeAnswer::Unknown, "cannot make a socket: Too many open files"};
  probe_.answers = {kGood, kGood, kBad, unknown, kBad};
  watch(ProbeKind::Http, 2, 2);
  ASSERT_TRUE(wait_for(Known::Unready));
  EXPECT_EQ(probe_.asked_at.size(), 5U);
}

TEST_F(ReadinessTest, LooksOftenWhileNothingIsThereThatCouldAnswer) {
  probe_.answers = {kNotYet};
  watch(ProbeKind::Http);
  scheduler_.advance(10ms);
  EXPECT_GE(probe_.asked_at.size(), 6U);
  scheduler_.advance(1s);
  const size_t before = probe_.asked_at.size();
  scheduler_.advance(1s);
  EXPECT_EQ(probe_.asked_at.size() - before, 50U) << "every 20 ms";
}

TEST_F(ReadinessTest, ComesLateByAMillisecondAndAQuarterOfTheStartAtWorst) {
  for (const auto starts_after : {4ms, 9ms, 17ms, 33ms, 60ms}) {
    start_ = scheduler_.now();
    probe_.answers = {kNotYet};
    watch(ProbeKind::Notify);
    scheduler_.in(starts_after, [&] { probe_.answers = {kGood}; });
    ASSERT_TRUE(wait_for(Known::Ready));
    EXPECT_LE(elapsed(), starts_after + 1ms + Micros(starts_after) * 26 / 100);
  }
}

TEST_F(ReadinessTest, DoesNotHurryOnceItIsReady) {
  probe_.answers = {kGood, kGood, kNotYet};
  watch(ProbeKind::Listen, 2, 2);
  ASSERT_TRUE(wait_for(Known::Unready));
  EXPECT_EQ(elapsed(), 300ms) << "two bad answers in a row, an interval apart";
}

TEST_F(ReadinessTest, LooksAgainAtOnceWhenTold) {
  probe_.answers = {kBad, kGood};
  watch(ProbeKind::Http);
  scheduler_.in(30ms, [&] { readiness_->look_again(); });
  ASSERT_TRUE(wait_for(Known::Ready));
  EXPECT_EQ(elapsed(), 30ms);
}

TEST_F(ReadinessTest, LooksAgainRightAfterAnAttemptThatWasInProgressWhenTold) {
  probe_.takes = 40ms;
  probe_.answers = {kBad, kGood};
  watch(ProbeKind::Http);
  scheduler_.in(30ms, [&] { readiness_->look_again(); });
  ASSERT_TRUE(wait_for(Known::Ready));
  EXPECT_EQ(elapsed(), 80ms);
}

TEST_F(ReadinessTest, MayBeDestroyedByItsOwnCallback) {
  readiness_ = std::make_unique<Readiness>(scheduler_, probe_, ProbeSpec{}, ProbeSubject{},
                                           [this] { readiness_.reset(); });
  scheduler_.advance(1s);
  EXPECT_EQ(readiness_, nullptr);
  EXPECT_EQ(probe_.asked_at.size(), 1U);
  EXPECT_EQ(scheduler_.pending(), 0U);
}

TEST_F(ReadinessTest, StopsAskingWhenDestroyed) {
  probe_.takes = 10ms;
  watch(ProbeKind::Http);
  readiness_.reset();
  scheduler_.advance(1s);
  EXPECT_EQ(probe_.asked_at.size(), 1U);
  EXPECT_TRUE(changes_.empty());
}

}  // namespace
}  // namespace rollctl::test
