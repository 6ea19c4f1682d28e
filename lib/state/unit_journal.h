// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "process/launch_spec.h"
#include "process/systemd_manager.h"
#include "state/timed_log.h"

namespace rollctl {

// A query for the output of an app's instances in systemd's journal.
struct JournalQuery {
  std::string app;
  std::optional<InstanceId> only;
  LogPart part;
  enum class End { Now, Never } end = End::Now;  // Never: follow the journal
};

// The journalctl(1) command that answers it with one JSON object per line.
std::vector<std::string> journal_command(SystemdScope scope, const JournalQuery& query);

// A line of that answer; nothing for a line that is not the output of an instance.
std::optional<LogLine> parse_journal_line(const std::string& app, const std::string& line);

}  // namespace rollctl
