// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "load/ledger.h"
#include "load/report.h"

namespace rollctl::load {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

Ledger with_one_answer() {
  Ledger ledger;
  ledger.count_sent(Mode::Connect);
  ledger.count_answer(Mode::Connect, 200, "v1", 2ms);
  return ledger;
}

TEST(LedgerTest, IsCleanWhenAllThatWasSentWasAnswered) {
  EXPECT_TRUE(with_one_answer().is_clean());
}

TEST(LedgerTest, IsNotCleanWhenNothingWasSent) {
  EXPECT_FALSE(Ledger().is_clean());
}

TEST(LedgerTest, IsNotCleanWithAFailureInAnyMode) {
  for (Mode mode : kModes) {
    Ledger ledger = with_one_answer();
    ledger.count_sent(mode);
    ledger.count_failure(mode, "reset_before_answer", "127.0.0.1:4000");
    EXPECT_FALSE(ledger.is_clean()) << mode_name(mode);
  }
}

TEST(LedgerTest, IsNotCleanWhileARequestIsOutstanding) {
  Ledger ledger = with_one_answer();
  ledger.count_sent(Mode::KeepAlive);
  EXPECT_FALSE(ledger.is_clean());
}

TEST(LedgerTest, IsNotCleanAfterUnsolicitedData) {
  Ledger ledger = with_one_answer();
  ledger.unsolicited = 1;
  EXPECT_FALSE(ledger.is_clean());
}

TEST(LedgerTest, IsNotCleanUntilEachDownloadIsComplete) {
  Ledger ledger = with_one_answer();
  ledger.downloads.resize(1);
  EXPECT_FALSE(ledger.is_clean());
  ledger.downloads[0].state = DownloadRecord::State::Failed;
  EXPECT_FALSE(ledger.is_clean());
  ledger.downloads[0].state = DownloadRecord::State::Complete;
  EXPECT_TRUE(ledger.is_clean());
}

TEST(LedgerTest, KeepsTheFirstFailuresAndCountsTheRest) {
  Ledger ledger;
  for (int i = 0; i < 1000; ++i) ledger.count_failure(Mode::Connect, "timeout", "");
  EXPECT_EQ(ledger.first_failures().size(), Ledger::kMostRecords);
  EXPECT_EQ(ledger.total().failures.at("timeout"), 1000U);
}

TEST(ReportTest, SaysInJsonWhatBecameOfEachRequest) {
  Ledger ledger = with_one_answer();
  ledger.count_sent(Mode::KeepAlive);
  ledger.count_answer(Mode::KeepAlive, 200, "v2", 4ms);
  ledger.count_sent(Mode::KeepAlive);
  ledger.count_failure(Mode::KeepAlive, "status_503", "127.0.0.2:4000", 503);
  ledger.count_sent(Mode::Connect);
  auto report = json::parse(json_report("final", ledger, 1500ms));
  EXPECT_EQ(report["ok"], false);
  EXPECT_EQ(report["elapsed_ms"], 1500);
  EXPECT_EQ(report["sent"], 4);
  EXPECT_EQ(report["answered"], 2);
  EXPECT_EQ(report["failed"], 1);
  EXPECT_EQ(report["outstanding"], 1);
  EXPECT_EQ(report["releases"], json({{"v1", 1}, {"v2", 1}}));
  EXPECT_EQ(report["statuses"], json({{"200", 2}, {"503", 1}}));
  EXPECT_EQ(report["failures"], json({{"status_503", 1}}));
  EXPECT_EQ(report["modes"]["keepalive"]["sent"], 2);
  EXPECT_EQ(report["latency_ms"]["max"], 4.0);
  EXPECT_NEAR(report["latency_ms"]["p50"], 2.0, 0.02);
  EXPECT_EQ(report["first_failures"][0]["kind"], "status_503");
  EXPECT_EQ(report["first_failures"][0]["source"], "127.0.0.2:4000");
}

TEST(ReportTest, SaysOnlyAtTheEndWhetherAllIsWell) {
  EXPECT_FALSE(json::parse(json_report("snapshot", with_one_answer(), 1ms)).contains("ok"));
}

TEST(ReportTest, SurvivesAReleaseThatIsNotUtf8) {
  Ledger ledger;
  ledger.count_sent(Mode::Connect);
  ledger.count_answer(Mode::Connect, 200, "v\xff", 1ms);
  EXPECT_FALSE(json::parse(json_report("final", ledger, 1ms), nullptr, false).is_discarded());
}

TEST(ReportTest, LeavesDownloadsOutOfTheLatencies) {
  Ledger ledger = with_one_answer();
  ledger.count_sent(Mode::Download);
  ledger.count_answer(Mode::Download, 200, "v1", 60s);
  EXPECT_EQ(json::parse(json_report("final", ledger, 61s))["latency_ms"]["max"], 2.0);
}

TEST(ReportTest, NamesForPeopleEachKindOfFailure) {
  Ledger ledger = with_one_answer();
  EXPECT_THAT(text_report(ledger, 1s), HasSubstr("failures: none"));
  ledger.count_sent(Mode::Connect);
  ledger.count_failure(Mode::Connect, "connect_ECONNREFUSED", "");
  EXPECT_THAT(text_report(ledger, 1s), HasSubstr("sent 2, answered 1, failed 1"));
  EXPECT_THAT(text_report(ledger, 1s), HasSubstr("failures: connect_ECONNREFUSED 1"));
  EXPECT_THAT(text_report(ledger, 1s), Not(HasSubstr("nothing was sent")));
}

}  // namespace
}  // namespace rollctl::load
