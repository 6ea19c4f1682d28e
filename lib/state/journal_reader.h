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

// How far back a journal is read. fold() computes the app's state from any reach. Of earlier changes, the
// result is only sure to contain those that the reach asks for.
class Reach {
 public:
  static Reach state();
  static Reach changes(size_t count);           // the last `count` changes
  static Reach rollback();                      // what History::rollback_target() needs
  static Reach scaling();                       // what History::scaled_to needs
  static Reach release(std::string release);    // to its last completion
  static Reach generation(int64_t generation);  // to its completion
  static Reach all();

  // Called for each change, the last one first: is this far enough? After the first true, reading ends with
  // this change or with the next one that completed a generation.
  using Enough = std::function<bool(const Change&)>;
  Enough is_enough;
  // Whether the copies at the beginning of a journal replace its archives for this reach.
  enum class Beginning { Counts, CountsWhereItTellsOfScaling, IsPassedOver };
  Beginning beginning = Beginning::IsPassedOver;
  // Whether the ends of drains are read, too: for Change::connections_cut and Change::remaining.
  enum class Drains { ArePassedOver, AreRead };
  Drains drains = Drains::ArePassedOver;
};

// The events of journal.jsonl and its archives that fold() needs, oldest first: begin and end of the changes,
// and of the last change, while it has no ending, everything that fold() uses. The cost depends on the reach,
// not on the journal's length. A missing file is an empty journal.
Result<std::vector<Event>> read_journal(const std::string& path, const Reach& reach);

// The same, folded.
Result<History> read_history(const std::string& path, const Reach& reach);

}  // namespace rollctl
