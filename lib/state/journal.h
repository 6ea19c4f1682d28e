// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/acknowledgement.h"
#include "base/atomic_file.h"
#include "base/result.h"
#include "state/event.h"
#include "state/history.h"

namespace roll {

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

 private:
  LineFile file_;
  std::string app_;
};

// How far back a journal is read.
enum class Reach {
  AllChanges,
  State,  // as far as what the app is by now depends on: fold() tells it, but not all changes that led to it
};

// What fold() needs of a journal.jsonl, oldest first: how changes began and ended, and all events of the last
// one while it has no ending. Of the rest nothing is parsed: years of changes are read in milliseconds, and
// the state alone in no time. A missing file is an empty journal.
Result<std::vector<Event>> read_journal(const std::string& path, Reach reach);

// The same, folded.
Result<History> read_history(const std::string& path, Reach reach);

}  // namespace roll
