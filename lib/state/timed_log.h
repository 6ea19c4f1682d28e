// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/instance_id.h"

namespace rollctl {

// A line of an instance's log, without its newline.
struct LogLine {
  InstanceId instance = 0;
  std::string text;
  WallTime time;
  // The line tells no time: it has that of the line before, or its place in the file was counted.
  bool is_estimated = false;
};

// The part of the logs that is wanted.
struct LogPart {
  static constexpr size_t kAll = std::numeric_limits<size_t>::max();
  size_t lines = kAll;  // the last ones
  std::optional<WallTime> since;
  std::optional<WallTime> until;

  [[nodiscard]] bool contains(WallTime time) const {
    return (!since || time >= *since) && (!until || time <= *until);
  }
};

// The wanted lines at the end of one log file, oldest first; an unterminated last line counts. Their times
// never go back. Reads at most the last 256 KiB, or 64 MiB where `part.since` or `part.until` is set. Empty
// for a missing file. `end`, if given, receives the offset where reading ended.
std::vector<LogLine> timed_lines_of(InstanceId instance, const std::string& path, const LogPart& part,
                                    int64_t* end = nullptr);

// Orders the lines of several logs by time, those of one log as they are, and drops all but the last `lines`.
std::vector<LogLine> merge_logs(std::vector<LogLine> all, size_t lines);

}  // namespace rollctl
