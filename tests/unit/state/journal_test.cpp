// SPDX-License-Identifier: MIT
#include "state/journal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/atomic_file.h"
#include "state/event.h"
#include "state/journal_reader.h"
#include "support/full_disk.h"
#include "support/temp_dir.h"

namespace rollctl {
namespace {

class JournalTest : public test::TempDirTest {
 protected:
  void append_raw(const std::string& text) {
    std::ofstream(path("journal.jsonl"), std::ios::app | std::ios::binary) << text;
  }
  std::vector<InstanceId> ids() {
    std::vector<InstanceId> found;
    const auto all = read_journal(path("journal.jsonl"), Reach::all());
    EXPECT_TRUE(all);
    for (const Event& event : all.value_or(std::vector<Event>()))
      found.push_back(event_instance(event).value_or(-1));
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
    ASSERT_TRUE(
        journal_.commit(events::deploy_started({.command = AppCommand::Deploy, .release = "v1"})).await());
    ASSERT_TRUE(journal_.commit(events::instance_starting(id, "v1")).await());
    ASSERT_TRUE(journal_.note(events::instance_ready(id, Millis(3))));
    ASSERT_TRUE(journal_.commit(events::deploy_finished({})).await());
  }
  ASSERT_TRUE(
      journal_.commit(events::deploy_started({.command = AppCommand::Stop, .release = "v1"})).await());
  ASSERT_TRUE(journal_.note(events::instance_ready(7, Millis(3))));
  append_raw(
      R"({"command":"deploy","event":"deploy.started","rel)");  // rollctl was killed in the middle of it
  std::vector<std::string> names;
  const std::vector<Event> all = read_journal(path("journal.jsonl"), Reach::all()).value();
  for (const Event& event : all) names.emplace_back(event_name(event));
  EXPECT_EQ(names, (std::vector<std::string>{"deploy.started", "deploy.finished", "deploy.started",
                                             "instance.starting", "deploy.finished", "deploy.started",
                                             "instance.ready"}));
  EXPECT_EQ(fold(all).last_instance, 7);
}

TEST_F(JournalTest, ReadsLinesThatAnotherHandWroteWithBlanks) {
  ASSERT_TRUE(
      journal_.commit(events::deploy_started({.command = AppCommand::Deploy, .release = "v1"})).await());
  ASSERT_TRUE(journal_.commit(events::instance_starting(4, "v1")).await());
  ASSERT_TRUE(journal_.note(events::instance_ready(4, Millis(3))));
  ASSERT_TRUE(journal_.commit(events::deploy_finished({})).await());
  std::string text = read_file(path("journal.jsonl")).value();
  for (size_t at = 0; (at = text.find("\":", at)) != std::string::npos; at += 3) text.insert(at + 2, " ");
  std::ofstream(path("journal.jsonl"), std::ios::trunc) << text;
  const auto all = read_journal(path("journal.jsonl"), Reach::state());
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 3U) << "an event in the middle of a change that has ended tells nothing";
  EXPECT_EQ(fold(*all).last_instance, 4);
}

// Of a sparse file of one terabyte only the end is read.
TEST_F(JournalTest, IsReadFromItsEndHoweverLongItIs) {
  append_raw("\n");
  ASSERT_EQ(::truncate(path("journal.jsonl").c_str(), off_t{1} << 40), 0);
  append_raw("\n");
  for (int generation : {1, 2}) {
    Event started =
        events::deploy_started({.command = AppCommand::Deploy, .release = "v" + std::to_string(generation)});
    started.generation = generation;
    ASSERT_TRUE(journal_.note(started));
    ASSERT_TRUE(journal_.note(events::instance_starting(generation, "v")));
    ASSERT_TRUE(journal_.note(events::deploy_finished({})));
  }
  EXPECT_EQ(read_history(path("journal.jsonl"), Reach::state())->current_release, "v2");
  EXPECT_EQ(read_history(path("journal.jsonl"), Reach::rollback())->rollback_target(), 1);
  EXPECT_EQ(read_history(path("journal.jsonl"), Reach::changes(2))->changes.size(), 2u);
  EXPECT_EQ(read_history(path("journal.jsonl"), Reach::release("v1"))->completed_generation_of("v1"), 1);
}

TEST_F(JournalTest, PassesOverWhatShimsWriteAfterTheLastChange) {
  ASSERT_TRUE(journal_.note(events::deploy_started({.command = AppCommand::Deploy, .release = "v1"})));
  ASSERT_TRUE(journal_.note(events::instance_starting(1, "v1")));
  ASSERT_TRUE(journal_.note(events::deploy_finished({})));
  for (int crash = 0; crash < 1000; ++crash) {
    ASSERT_TRUE(journal_.note(events::instance_exited(1, ExitStatus{1, {}})));
    ASSERT_TRUE(journal_.note(events::instance_restarted(1, 99)));
  }
  EXPECT_EQ(ids(), (Ids{-1, 1, -1}));
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
  EXPECT_FALSE(read_journal(dir_, Reach::all()));
}

}  // namespace
}  // namespace rollctl
