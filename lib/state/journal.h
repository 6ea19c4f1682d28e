// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/acknowledgement.h"
#include "base/atomic_file.h"
#include "base/result.h"
#include "process/event_kinds.h"

namespace rollctl {

// An app's intents and what happened, in order.
class Journal {
 public:
  virtual ~Journal() = default;

  // An intent or an ending. Written when the call returns, on the disk when acknowledged. The act must not
  // follow before that, nor if either fails. The journal must outlive the acknowledgement.
  virtual Acknowledgement commit(const Event& event) = 0;

  // Records a fact. It survives this process, but a power cut may lose the last ones.
  virtual Status note(const Event& event) = 0;
};

// journal.jsonl: one event per line. The app's shims append to the same file. Only a crash during a write can
// tear a line; readers skip such a line.
class FileJournal final : public Journal {
 public:
  FileJournal(std::string path, std::string app) : file_(std::move(path)), app_(std::move(app)) {}

  Acknowledgement commit(const Event& event) override;
  Status note(const Event& event) override;

  // Archives a journal longer than 1 MiB whose last change has ended: it becomes journal.N.jsonl, and the new
  // journal begins with the lines that the state of the app depends on (see journal_archive.h). The caller
  // holds the app's lock. Blocks on the disk. On an error nothing has changed.
  Status archive();

 private:
  LineFile file_;
  std::string app_;
};

}  // namespace rollctl
