// SPDX-License-Identifier: MIT
#include "state/journal_archive.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <tuple>

#include "base/atomic_file.h"
#include "process/event_codec.h"
#include "state/event.h"
#include "state/journal.h"
#include "state/journal_reader.h"
#include "support/temp_dir.h"

namespace rollctl {
namespace {

namespace fs = std::filesystem;

// Random changes of every kind with every ending, in an order that rollctl allows. The last one may be open.
class LivesOfAnApp {
 public:
  explicit LivesOfAnApp(unsigned seed, int most) : random_(seed), most_(most) {}

  std::vector<Event> next() {
    std::vector<Event> events;
    const auto add = [&](Event event) {
      event.generation = generation_;
      event.time = WallTime(std::chrono::seconds(++clock_));
      events.push_back(std::move(event));
    };
    const int changes = pick(most_);
    for (int i = 0; i < changes; ++i) {
      using enum AppCommand;
      static const std::vector<AppCommand> kCommands{Deploy, Restart, Rollback, Promote,
                                                     Abort,  Scale,   Start,    Stop};
      const AppCommand command = kCommands[static_cast<size_t>(pick(scales_ ? 8 : 5))];
      if (command == Deploy || command == Restart || command == Rollback) ++generation_;
      add(events::deploy_started({.command = command,
                                  .release = fmt::format("v{}", generation_),
                                  .instances = 1 + pick(3),
                                  .note = pick(2) == 0 ? R"("command":"scale")" : "",
                                  .canary = pick(3) == 0 ? 5.0 : 0.0}));
      for (int launched = pick(3); launched > 0; --launched) add(events::instance_starting(++instance_, "v"));
      add(events::traffic_shifted({instance_}, {instance_ - 1}, {}));
      static const std::vector<Outcome> kOutcomes{Outcome::Deployed, Outcome::Deployed, Outcome::RolledBack,
                                                  Outcome::Canary, Outcome::Interrupted};
      if (pick(4) == 0) add(events::deploy_finished({.outcome = Outcome::NeedsAttention}));
      if (i + 1 < changes || pick(2) == 0)
        add(events::deploy_finished({.outcome = kOutcomes[static_cast<size_t>(pick(5))]}));
    }
    return events;
  }

 private:
  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  std::mt19937 random_;
  int most_;
  bool scales_ = pick(2) == 0;
  int64_t generation_ = 0;
  InstanceId instance_ = 0;
  int clock_ = 0;
};

// Compares the whole state, each part read with the reach that it needs.
class JournalArchiveTest : public test::TempDirTest {
 protected:
  [[nodiscard]] std::string journal() const { return path("journal.jsonl"); }

  void append(std::vector<Event>::const_iterator begin, std::vector<Event>::const_iterator end) {
    std::ofstream file(journal(), std::ios::app);
    for (; begin != end; ++begin) file << event_line(*begin, "web") << '\n';
  }
  void archive() {
    const auto events = read_journal(journal(), Reach::all());
    ASSERT_TRUE(events);
    ASSERT_TRUE(archive_journal(journal(), "web", events_to_keep(*events)));
  }
  [[nodiscard]] History read(const Reach& reach) const { return read_history(journal(), reach).value(); }

  static auto told(const History& state, const History& rollback, const History& scaling) {
    const Change open = state.unfinished() != nullptr ? *state.unfinished() : Change();
    return std::tuple(state.last_generation, state.last_instance, state.current, state.current_release,
                      state.current_since, state.instances, state.stopped,
                      state.canary ? state.canary->generation : -1, open.command, open.over_canary,
                      open.starting, open.shifted_in, rollback.rollback_target(), scaling.scaled_to);
  }
  [[nodiscard]] auto told() const {
    return told(read(Reach::state()), read(Reach::rollback()), read(Reach::scaling()));
  }
  static auto told(const History& all) { return told(all, all, all); }

  static std::vector<std::string> changes_of(const History& history, size_t last) {
    std::vector<std::string> changes;
    const size_t skip = history.changes.size() - std::min(last, history.changes.size());
    for (size_t index = skip; index < history.changes.size(); ++index) {
      const Change& change = history.changes[index];
      changes.push_back(fmt::format("{} {} {} {} {}", command_word(change.command), change.generation,
                                    format_time(change.started),
                                    change.outcome ? outcome_name(*change.outcome) : "open",
                                    change.outcome == Outcome::RolledBack && change.withdraws()));
    }
    return changes;
  }
};

TEST_F(JournalArchiveTest, TheStateIsToldWithoutAllThatLedToIt) {
  size_t spared = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    const std::vector<Event> life = LivesOfAnApp(seed, 12).next();
    fs::remove(journal());
    append(life.begin(), life.end());
    ASSERT_EQ(told(), told(fold(life))) << read_file(journal()).value_or("");
    spared += fold(life).changes.size() - read(Reach::state()).changes.size();
  }
  EXPECT_GT(spared, 60U);
}

TEST_F(JournalArchiveTest, NeitherTheStateNorAnythingOfTheHistoryIsLost) {
  size_t archives = 0;
  for (unsigned seed = 0; seed < 45; ++seed) {
    const std::vector<Event> life = LivesOfAnApp(seed, 30).next();
    for (const fs::directory_entry& file : fs::directory_iterator(dir_)) fs::remove(file.path());
    auto written = life.begin();
    std::mt19937 random(seed);
    for (auto event = life.begin(); event != life.end(); ++event) {
      if (!is<DeployStarted>(*event) || random() % 8 != 0) continue;
      if (fold({life.begin(), event}).unfinished() != nullptr) continue;
      append(written, event);
      written = event;
      archive();
      ASSERT_EQ(told(), told(fold({life.begin(), event}))) << "seed " << seed;
      ++archives;
    }
    append(written, life.end());
    const History all = fold(life);
    ASSERT_EQ(told(), told(all)) << "seed " << seed;
    ASSERT_EQ(changes_of(read(Reach::all()), 1000), changes_of(all, 1000)) << "seed " << seed;
    for (const size_t last : {1, 2, 10})
      ASSERT_EQ(changes_of(read(Reach::changes(last)), last), changes_of(all, last)) << "seed " << seed;
    for (const Change& change : all.changes) {
      if (!change.has_completed()) continue;
      ASSERT_NE(read(Reach::generation(change.generation)).completed(change.generation), nullptr);
      ASSERT_EQ(read(Reach::release(change.release)).completed_generation_of(change.release),
                all.completed_generation_of(change.release));
    }
  }
  EXPECT_GT(archives, 45u);
}

// The last release without archives reads the whole of journal.jsonl.
TEST_F(JournalArchiveTest, OneThatKnowsNothingOfArchivesReadsTheSameState) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    const std::vector<Event> life = LivesOfAnApp(seed, 30).next();
    if (life.empty() || fold(life).unfinished() != nullptr) continue;
    for (const fs::directory_entry& file : fs::directory_iterator(dir_)) fs::remove(file.path());
    append(life.begin(), life.end());
    archive();
    std::vector<Event> lines;
    std::ifstream file(journal());
    for (std::string line; std::getline(file, line);)
      if (auto event = parse_event_line(line)) lines.push_back(std::move(*event));
    const History all = fold(life);
    ASSERT_EQ(told(fold(lines)), told(all)) << "seed " << seed;
  }
}

class LongJournalTest : public JournalArchiveTest {
 protected:
  void change(AppCommand command, int64_t generation, Outcome outcome = Outcome::Deployed,
              int instances = 1) {
    std::vector<Event> events{events::deploy_started({.command = command,
                                                      .release = fmt::format("v{}", generation),
                                                      .instances = instances,
                                                      .note = std::string(4000, 'n')}),
                              events::deploy_finished({.outcome = outcome})};
    if (outcome == Outcome::Deployed)
      events.insert(events.begin() + 1, events::instance_starting(++id_, "v"));
    for (Event& event : events) event.generation = generation;
    append(events.begin(), events.end());
  }
  [[nodiscard]] size_t archives() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(dir_), fs::directory_iterator())) - 1;
  }
  InstanceId id_ = 0;
  FileJournal file_{journal(), "web"};
};

TEST_F(LongJournalTest, IsPutAsideOnlyWhenItIsLong) {
  change(AppCommand::Deploy, 1);
  ASSERT_TRUE(file_.archive());
  EXPECT_EQ(archives(), 0u);
}

TEST_F(LongJournalTest, NeverGrowsMuchBeyondTheLength) {
  int64_t generation = 0;
  for (int times = 0; times < 5; ++times) {
    for (int changes = 0; changes < 300; ++changes) change(AppCommand::Deploy, ++generation);
    ASSERT_TRUE(file_.archive());
    EXPECT_LT(fs::file_size(journal()), 25'000u);
  }
  EXPECT_EQ(archives(), 5u);
  EXPECT_EQ(read(Reach::state()).last_generation, generation);
  EXPECT_EQ(read(Reach::state()).last_instance, id_);
  EXPECT_EQ(read(Reach::rollback()).rollback_target(), generation - 1);
  EXPECT_EQ(read(Reach::all()).changes.size(), static_cast<size_t>(generation));
  EXPECT_EQ(read(Reach::generation(7)).completed(7)->release, "v7");
}

TEST_F(LongJournalTest, OfFailuresAloneIsNotReadAgainAndAgain) {
  change(AppCommand::Deploy, 1);
  change(AppCommand::Deploy, 2);
  for (int64_t generation = 3; generation < 500; ++generation)
    change(AppCommand::Deploy, generation, Outcome::RolledBack);
  ASSERT_TRUE(file_.archive());
  EXPECT_LT(fs::file_size(journal()), 25'000u);
  EXPECT_LT(read(Reach::state()).changes.size(), 10u);
  EXPECT_EQ(read(Reach::state()).last_generation, 499);
  EXPECT_EQ(read(Reach::rollback()).rollback_target(), 1);
}

TEST_F(LongJournalTest, RemembersWhoSaidHowManyShallServe) {
  change(AppCommand::Deploy, 1);
  change(AppCommand::Scale, 1, Outcome::Deployed, 4);
  for (int64_t generation = 2; generation < 900; ++generation) {
    change(AppCommand::Deploy, generation, Outcome::Deployed, 4);
    if (generation % 300 != 0) continue;
    ASSERT_TRUE(file_.archive());
  }
  EXPECT_EQ(read(Reach::scaling()).scaled_to, 4);
  // If the copies do not say so, the archives do.
  KeptEvents kept = events_to_keep(read_journal(journal(), Reach::state()).value());
  kept.tell_of_scaling = false;
  ASSERT_TRUE(archive_journal(journal(), "web", kept));
  EXPECT_EQ(read(Reach::scaling()).scaled_to, 4);
}

TEST_F(LongJournalTest, StaysWhileAChangeIsOpen) {
  for (int64_t generation = 1; generation < 400; ++generation) change(AppCommand::Deploy, generation);
  ASSERT_TRUE(file_.note(events::deploy_started({.command = AppCommand::Deploy, .release = "v9"})));
  ASSERT_TRUE(file_.archive());
  EXPECT_EQ(archives(), 0u);
}

TEST_F(LongJournalTest, GoesOnInTheNewFile) {
  for (int64_t generation = 1; generation < 400; ++generation) change(AppCommand::Deploy, generation);
  ASSERT_TRUE(file_.note(events::instance_ready(1, Millis(1))));
  ASSERT_TRUE(file_.archive());
  Event next = events::deploy_started({.command = AppCommand::Stop, .release = "v399"});
  ASSERT_TRUE(file_.commit(next).await());
  ASSERT_NE(read(Reach::state()).unfinished(), nullptr);
  EXPECT_EQ(read(Reach::state()).unfinished()->command, AppCommand::Stop);
}

// Killed after linking the archive, and while writing the new journal.
TEST_F(LongJournalTest, AKilledAttemptLeavesTheOldOneAndIsMadeAgain) {
  for (int64_t generation = 1; generation < 400; ++generation) change(AppCommand::Deploy, generation);
  fs::create_hard_link(journal(), path("journal.1.jsonl"));
  std::ofstream(path("journal.jsonl.new")) << "half a li";
  EXPECT_EQ(read(Reach::all()).changes.size(), 399u);
  ASSERT_TRUE(file_.archive());
  EXPECT_EQ(read(Reach::all()).changes.size(), 399u);
  EXPECT_EQ(archives(), 1u);
}

TEST_F(LongJournalTest, PassesOverAForeignFileOfThatName) {
  for (int64_t generation = 1; generation < 400; ++generation) change(AppCommand::Deploy, generation);
  std::ofstream(path("journal.1.jsonl")) << "mine\n";
  ASSERT_TRUE(file_.archive());
  EXPECT_EQ(read_file(path("journal.1.jsonl")).value(), "mine\n");
  EXPECT_EQ(read(Reach::all()).changes.size(), 399u);
}

TEST_F(LongJournalTest, AnArchiveThatWasTakenAwayIsOnlyMissingFromTheHistory) {
  for (int64_t generation = 1; generation < 400; ++generation) change(AppCommand::Deploy, generation);
  ASSERT_TRUE(file_.archive());
  fs::remove(path("journal.1.jsonl"));
  change(AppCommand::Deploy, 400);
  EXPECT_EQ(read(Reach::state()).current, 400);
  EXPECT_EQ(read(Reach::rollback()).rollback_target(), 399);
  EXPECT_EQ(read(Reach::all()).changes.size(), 1u);
}

TEST_F(LongJournalTest, FollowsNoPathOutOfItsFolder) {
  std::ofstream(journal())
      << R"({"event":"deploy.archived","file":"../elsewhere","bytes":0,"id":7,"generation":3})" << '\n';
  change(AppCommand::Deploy, 4);
  EXPECT_EQ(read(Reach::all()).changes.size(), 1u);
}

}  // namespace
}  // namespace rollctl
