// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "process/event_kinds.h"

namespace rollctl {

// A long journal is archived unchanged, as journal.1.jsonl, journal.2.jsonl, … The new journal begins with a
// line about that,
//   {"v":1,"time":…,"app":…,"generation":…,"event":"deploy.archived","id":…,"file":…,"bytes":…,"scaling":…}
// and copies of the few lines that the state of the app still depends on: begin and end of some changes. An
// older rollctl reads these like any other lines. `generation` and `id` are the last that were used, `bytes`
// is the length of the copies. Without `scaling` the copies do not say whether `scale` or a deploy set the
// number of instances last.
//
// The whole history is the archives one after the other, each without its own beginning. A crash leaves the
// old journal or the new one.
struct JournalBeginning {
  std::string archive;  // name of the file that it continues, in the same folder
  bool tells_of_scaling = false;
  off_t end = 0;  // offset of the first line after the copies
};

// Nothing for a journal that continues no archive.
std::optional<JournalBeginning> read_journal_beginning(int fd);

// Archives the journal at `path`.
struct KeptEvents {
  int64_t generation = 0;
  InstanceId id = 0;
  bool tell_of_scaling = false;
  std::vector<Event> events;
};
Status archive_journal(const std::string& path, const std::string& app, const KeptEvents& kept);

// The events to copy, of all events up to now: folded, they give the same state. Every change in `events` has
// an ending.
KeptEvents events_to_keep(const std::vector<Event>& events);

}  // namespace rollctl
