// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/acknowledgement.h"
#include "base/atomic_file.h"
#include "base/result.h"
#include "state/event.h"
#include "state/history.h"

namespace rollctl {

// What was meant and what became of it, per app, in order.
class Journal {
 public:
  virtual ~Journal() = default;

  // An intent or an ending. Written when the call returns, and on the disk when that is acknowledged: until
  // then, and when either has failed, the act must not follow. The journal outlives the acknowledgement.
  virtual Acknowledgement commit(const Event& event) = 0;

  // What happened; survives the process, but a power cut may take the last of them.
  virtual Status note(const Event& event) = 0;
};

// journal.jsonl: one event a line. The shims of the app append to the same file; no line is ever torn but by
// a crash in the middle of a write, and such a line is passed over by readers.
class FileJournal final : public Journal {
 public:
  FileJournal(std::string path, std::string app) : file_(std::move(path)), app_(std::move(app)) {}

  Acknowledgement commit(const Event& event) override;
  Status note(const Event& event) override;

  // Where it has grown beyond 1 MiB, and its last change has ended: it becomes journal.N.jsonl, and what the
  // state of the app depends on is where the new one begins (see journal_archive.h). For who has the app's
  // lock. Blocks on the disk; on an error everything is as before.
  Status archive();

 private:
  LineFile file_;
  std::string app_;
};

// How far back a journal is read. Whatever it is, fold() makes the app's state of what was read; but of the
// changes that led there, only those that were asked for are sure to be among it.
class Reach {
 public:
  static Reach state();
  static Reach changes(size_t count);           // the last so many
  static Reach rollback();                      // as far as History::rollback_target() looks
  static Reach scaling();                       // as far as History::scaled_to depends on
  static Reach release(std::string release);    // to its last completion
  static Reach generation(int64_t generation);  // to its completion
  static Reach all();

  // Asked for each change, the last first: is it as far as that? What it was before counts no more, and
  // reading ends with this change, or with the next that completed a generation.
  using Enough = std::function<bool(const Change&)>;
  Enough is_enough;
  // What a journal begins with, instead of the archives that it goes on from, tells it as well.
  enum class Beginning { Counts, CountsWhereItTellsOfScaling, IsPassedOver };
  Beginning beginning = Beginning::IsPassedOver;
};

// What fold() needs of a journal.jsonl and its archives, oldest first: how changes began and ended, and all
// events that it heeds of the last one while that has no ending. What costs time is what is read, not what
// there is: the state alone is read in no time. A missing file is an empty journal.
Result<std::vector<Event>> read_journal(const std::string& path, const Reach& reach);

// The same, folded.
Result<History> read_history(const std::string& path, const Reach& reach);

}  // namespace rollctl
