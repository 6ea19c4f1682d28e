// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "process/launch_spec.h"
#include "process/systemd_manager.h"

namespace rollctl {

// What systemd's journal holds of an app's instances.
struct JournalQuery {
  std::string app;
  std::optional<InstanceId> only;
  size_t lines = 0;
  enum class End { Now, Never } end = End::Now;  // Never: what comes later, too
};

// The journalctl(1) that answers it, one JSON object a line.
std::vector<std::string> journal_command(SystemdScope scope, const JournalQuery& query);

struct JournalLine {
  InstanceId instance = 0;
  std::string text;
};

// A line of that answer; nothing for what no instance has said.
std::optional<JournalLine> parse_journal_line(const std::string& app, const std::string& line);

}  // namespace rollctl
