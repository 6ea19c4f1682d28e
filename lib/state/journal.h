// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/acknowledgement.h"
#include "base/atomic_file.h"
#include "base/result.h"
#include "process/event_kinds.h"

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

}  // namespace rollctl
