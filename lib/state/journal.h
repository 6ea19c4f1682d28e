// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/result.h"
#include "state/event.h"

namespace roll {

// What was meant and what became of it, per app, in order.
class Journal {
 public:
  virtual ~Journal() = default;

  // An intent or an ending: it is on the disk when the call returns. When this fails, the act must not
  // follow.
  virtual Status commit(const Event& event) = 0;

  // What happened; survives the process, but a power cut may take the last of them.
  virtual Status note(const Event& event) = 0;
};

// journal.jsonl: one event a line. The shims of the app append to the same file; no line is ever torn but by
// a crash in the middle of a write, and such a line is passed over by readers.
class FileJournal final : public Journal {
 public:
  FileJournal(std::string path, std::string app) : file_(std::move(path)), app_(std::move(app)) {}

  Status commit(const Event& event) override;
  Status note(const Event& event) override;

  // What fold() needs, oldest first: how every change began and ended, and all events of the last one. Years
  // of changes are read in milliseconds, for of the rest nothing is parsed. A missing file is an empty
  // journal.
  [[nodiscard]] Result<std::vector<Event>> read() const;

 private:
  LineFile file_;
  std::string app_;
};

}  // namespace roll
