// SPDX-License-Identifier: MIT
#include "state/unit_journal.h"

#include <gmock/gmock.h>

namespace rollctl {
namespace {

using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;

std::optional<LogLine> parsed(const std::string& line) {
  return parse_journal_line("web", line);
}

TEST(UnitJournalTest, AsksForTheProcessesOfOneApp) {
  EXPECT_THAT(journal_command(SystemdScope::System, {"web-api", std::nullopt, LogPart{20, {}, {}}}),
              IsSupersetOf(
                  {"journalctl", "--output=json", "--lines=20", "_SYSTEMD_SLICE=rollctl-web\\x2dapi.slice"}));
  EXPECT_THAT(journal_command(SystemdScope::System, {"web", std::nullopt, LogPart{20, {}, {}}}),
              Not(Contains(StartsWith("_SYSTEMD_UNIT="))));
}

TEST(UnitJournalTest, AsksForOneInstance) {
  EXPECT_THAT(journal_command(SystemdScope::System, {"web", 7, LogPart{20, {}, {}}}),
              Contains("_SYSTEMD_UNIT=rollctl-web-7.service"));
}

TEST(UnitJournalTest, AsksTheManagerOfTheUser) {
  EXPECT_THAT(
      journal_command(SystemdScope::User, {"web", 7, LogPart{20, {}, {}}}),
      IsSupersetOf({"_SYSTEMD_USER_SLICE=rollctl-web.slice", "_SYSTEMD_USER_UNIT=rollctl-web-7.service"}));
}

TEST(UnitJournalTest, AsksForWhatComesLater) {
  EXPECT_THAT(
      journal_command(SystemdScope::System, {"web", 7, LogPart{20, {}, {}}, JournalQuery::End::Never}),
      Contains("--follow"));
  EXPECT_THAT(journal_command(SystemdScope::System, {"web", 7, LogPart{20, {}, {}}}),
              Not(Contains("--follow")));
}

TEST(UnitJournalTest, AsksForATime) {
  const WallTime since{std::chrono::milliseconds(1'700'000'000'900)};
  const WallTime until{std::chrono::seconds(1'700'000'100)};
  EXPECT_THAT(journal_command(SystemdScope::System, {"web", 7, LogPart{LogPart::kAll, since, until}}),
              IsSupersetOf({"--lines=all", "--since=@1700000000", "--until=@1700000100"}));
}

TEST(UnitJournalTest, KnowsTheTime) {
  const auto line = parsed(
      R"({"__REALTIME_TIMESTAMP":"1700000000123456","MESSAGE":"x","_SYSTEMD_UNIT":"rollctl-web-1.service"})");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->time, WallTime(std::chrono::microseconds(1'700'000'000'123'456)));
  EXPECT_FALSE(line->is_estimated);
}

TEST(UnitJournalTest, ReadsWhatAnInstanceSaid) {
  const auto line = parsed(R"({"MESSAGE":"hello","_SYSTEMD_UNIT":"rollctl-web-12.service","_PID":"7"})");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->instance, 12);
  EXPECT_EQ(line->text, "hello");
}

TEST(UnitJournalTest, ReadsTheUnitOfAUser) {
  const auto line = parsed(
      R"({"MESSAGE":"x","_SYSTEMD_UNIT":"user@1000.service","_SYSTEMD_USER_UNIT":"rollctl-web-3.service"})");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->instance, 3);
}

TEST(UnitJournalTest, ReadsBytesThatAreNoText) {
  const auto line = parsed(R"({"MESSAGE":[99,97,102,233],"_SYSTEMD_UNIT":"rollctl-web-1.service"})");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->text, "caf\xe9");
}

TEST(UnitJournalTest, PassesOverWhatIsNoLineOfAnInstance) {
  EXPECT_FALSE(parsed(""));
  EXPECT_FALSE(parsed("-- No entries --"));
  EXPECT_FALSE(parsed(R"({"MESSAGE":"x"})"));
  EXPECT_FALSE(parsed(R"({"_SYSTEMD_UNIT":"rollctl-web-1.service"})"));
  for (const char* unit : {"rollctl-web-.service", "rollctl-web-1a.service", "rollctl-web-1",
                           "rollctl-web-api-1.service", "rollctl-web-01.service", "init.scope"})
    EXPECT_FALSE(parsed(R"({"MESSAGE":"x","_SYSTEMD_UNIT":")" + std::string(unit) + "\"}")) << unit;
}

}  // namespace
}  // namespace rollctl
