// SPDX-License-Identifier: MIT
#include "state/journal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <tuple>

#include "base/atomic_file.h"
#include "state/history.h"
#include "support/full_disk.h"
#include "support/temp_dir.h"

namespace roll {
namespace {

class JournalTest : public test::TempDirTest {
 protected:
  void append_raw(const std::string& text) {
    std::ofstream(path("journal.jsonl"), std::ios::app | std::ios::binary) << text;
  }
  std::vector<InstanceId> ids() {
    std::vector<InstanceId> found;
    const auto all = read_journal(path("journal.jsonl"), Reach::AllChanges);
    EXPECT_TRUE(all);
    for (const Event& event : all.value_or(std::vector<Event>()))
      found.push_back(event.fields.value("id", InstanceId{-1}));
    return found;
  }

  FileJournal journal_{path("journal.jsonl"), "web"};
};

using Ids = std::vector<InstanceId>;

TEST_F(JournalTest, IsEmptyBeforeItsFirstEvent) {
  EXPECT_EQ(ids(), Ids());
}

TEST_F(JournalTest, TellsWhatWasWrittenInOrder) {
  ASSERT_TRUE(journal_.commit(events::instance_starting(1, "v1")).await());
  ASSERT_TRUE(journal_.note(events::instance_ready(2, Millis(3))));
  ASSERT_TRUE(journal_.commit(events::instance_stopping(3)).await());
  EXPECT_EQ(ids(), (Ids{1, 2, 3}));
}

TEST_F(JournalTest, IsOneObjectPerLine) {
  ASSERT_TRUE(journal_.note(events::instance_unready(1, "two\nlines")));
  const std::string text = read_file(path("journal.jsonl")).value();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.back(), '\n');
}

TEST_F(JournalTest, PassesOverATornLastLine) {
  ASSERT_TRUE(journal_.commit(events::instance_starting(1, "v1")).await());
  append_raw(R"({"event":"instance.starting","id":2,"rel)");
  EXPECT_EQ(ids(), Ids{1});
}

TEST_F(JournalTest, GoesOnAfterATornLineWithoutLosingAnything) {
  ASSERT_TRUE(journal_.commit(events::instance_starting(1, "v1")).await());
  append_raw(R"({"event":"instance.starting","id":2,"rel)");
  ASSERT_TRUE(journal_.commit(events::instance_starting(3, "v1")).await());
  EXPECT_EQ(ids(), (Ids{1, 3}));
}

TEST_F(JournalTest, ReadsALastLineThatLacksOnlyItsEnd) {
  append_raw(R"({"event":"instance.starting","id":2})");
  EXPECT_EQ(ids(), Ids{2});
  ASSERT_TRUE(journal_.commit(events::instance_starting(3, "v1")).await());
  EXPECT_EQ(ids(), (Ids{2, 3}));
}

TEST_F(JournalTest, PassesOverWhatAPowerCutLeaves) {
  ASSERT_TRUE(journal_.commit(events::instance_starting(1, "v1")).await());
  append_raw(std::string(512, '\0'));
  ASSERT_TRUE(journal_.commit(events::instance_starting(2, "v1")).await());
  append_raw("\n\n\xff\xfe\n[1,2]\n");
  EXPECT_EQ(ids(), (Ids{1, 2}));
}

TEST_F(JournalTest, WritesBytesThatAreNoUtf8) {
  ASSERT_TRUE(journal_.commit(events::instance_unready(1, "\xff\xfe")).await());
  EXPECT_EQ(ids(), Ids{1});
}

TEST_F(JournalTest, IsReadThoughItHasGrownForYears) {
  append_raw(std::string(kLargestFile, 'x') + '\n');  // quicker to read than as many events
  ASSERT_TRUE(journal_.commit(events::instance_starting(1, "v1")).await());
  EXPECT_EQ(ids(), Ids{1});
}

TEST_F(JournalTest, TellsOfEarlierChangesHowTheyBeganAndEndedAndTheLastId) {
  for (InstanceId id : {1, 2}) {
    ASSERT_TRUE(journal_.commit(events::deploy_started({.command = "deploy", .release = "v1"})).await());
    ASSERT_TRUE(journal_.commit(events::instance_starting(id, "v1")).await());
    ASSERT_TRUE(journal_.note(events::instance_ready(id, Millis(3))));
    ASSERT_TRUE(journal_.commit(events::deploy_finished({})).await());
  }
  ASSERT_TRUE(journal_.commit(events::deploy_started({.command = "stop", .release = "v1"})).await());
  ASSERT_TRUE(journal_.note(events::instance_ready(7, Millis(3))));
  append_raw(
      R"({"command":"deploy","event":"deploy.started","rel)");  // rollctl was killed in the middle of it
  std::vector<std::string> names;
  const std::vector<Event> all = read_journal(path("journal.jsonl"), Reach::AllChanges).value();
  for (const Event& event : all) names.push_back(event.name);
  EXPECT_EQ(names, (std::vector<std::string>{"deploy.started", "deploy.finished", "deploy.started",
                                             "instance.starting", "deploy.finished", "deploy.started",
                                             "instance.ready"}));
  EXPECT_EQ(fold(all).last_instance, 7);
}

// Changes of every kind with every ending, one after the other as rollctl allows them, the last one open now
// and then.
class LivesOfAnApp {
 public:
  explicit LivesOfAnApp(unsigned seed) : random_(seed) {}

  std::vector<Event> next() {
    std::vector<Event> events;
    const auto add = [&](Event event) {
      event.generation = generation_;
      event.time = WallTime(std::chrono::seconds(++clock_));
      events.push_back(std::move(event));
    };
    const int changes = pick(12);
    for (int i = 0; i < changes; ++i) {
      static const std::vector<std::string> kCommands{"deploy", "restart", "rollback", "promote",
                                                      "abort",  "scale",   "start",    "stop"};
      const std::string& command = kCommands[static_cast<size_t>(pick(scales_ ? 8 : 5))];
      if (command == "deploy" || command == "restart" || command == "rollback") ++generation_;
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
  bool scales_ = pick(2) == 0;
  int64_t generation_ = 0;
  InstanceId instance_ = 0;
  int clock_ = 0;
};

TEST_F(JournalTest, TellsTheStateWithoutAllThatLedToIt) {
  const auto told = [](const History& history) {
    const Change open = history.unfinished() != nullptr ? *history.unfinished() : Change();
    return std::tuple(history.last_generation, history.last_instance, history.current,
                      history.current_release, history.current_since, history.instances, history.scaled_to,
                      history.stopped, history.canary ? history.canary->generation : -1, open.command,
                      open.over_canary, open.starting, open.shifted_in);
  };
  size_t spared = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    const std::vector<Event> life = LivesOfAnApp(seed).next();
    std::string text;
    for (const Event& event : life) text += event_to_json(event, "web").dump() + '\n';
    ASSERT_TRUE(write_file_atomically(path("journal.jsonl"), text, 0600));
    const History all = fold(read_journal(path("journal.jsonl"), Reach::AllChanges).value());
    const History state = fold(read_journal(path("journal.jsonl"), Reach::State).value());
    ASSERT_EQ(told(all), told(fold(life))) << text;
    ASSERT_EQ(told(state), told(fold(life))) << text;
    spared += all.changes.size() - state.changes.size();
  }
  EXPECT_GT(spared, 60U);
}

TEST_F(JournalTest, SaysWhenTheDiskIsFull) {
  const test::FullDisk disk;
  FileJournal full(path("journal.jsonl"), "web");
  const Status written = full.commit(events::instance_starting(1, "v1")).await();
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message,
            "cannot write the journal: " + path("journal.jsonl") + ": cannot write: File too large");
  EXPECT_NE(written.error().hint, "");
}

TEST_F(JournalTest, SaysWhenItCannotBeRead) {
  EXPECT_FALSE(read_journal(dir_, Reach::AllChanges));
}

}  // namespace
}  // namespace roll
