// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "process/event_kinds.h"
#include "state/history.h"

namespace rollctl {

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
