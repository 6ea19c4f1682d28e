// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "process/event_kinds.h"

namespace rollctl {

// A journal that has grown long is put aside as it is, as journal.1.jsonl, journal.2.jsonl, …, and a new one
// begins with one line about that,
//   {"v":1,"time":…,"app":…,"generation":…,"event":"deploy.archived","id":…,"file":…,"bytes":…,"scaling":…}
// and copies of the few earlier lines that the state of the app still depends on: the beginnings and endings
// of some changes. A rollctl that knows nothing of it reads these as any others. `generation` and `id` are
// the last that were given, `bytes` is the length of the copies, and without `scaling` they do not tell
// whether `scale` had the last word about the number of instances.
//
// The whole history is what an archive holds behind its own beginning, one after the other. A crash leaves
// the old journal or the new one.
struct JournalBeginning {
  std::string archive;  // the file that it goes on from: beside it
  bool tells_of_scaling = false;
  off_t end = 0;  // what follows is nobody's copy
};

// Nothing for a journal that goes on from none.
std::optional<JournalBeginning> read_journal_beginning(int fd);

// Puts journal.jsonl at `path` aside. `kept`: the copies.
struct KeptEvents {
  int64_t generation = 0;
  InstanceId id = 0;
  bool tell_of_scaling = false;
  std::vector<Event> events;
};
Status archive_journal(const std::string& path, const std::string& app, const KeptEvents& kept);

// What has to be kept of all events up to now, of which none belongs to a change without an ending: folded it
// gives the same state.
KeptEvents events_to_keep(const std::vector<Event>& events);

}  // namespace rollctl
