// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/followed_output.h"
#include "app/log_printer.h"
#include "base/command.h"
#include "loop/loop.h"
#include "state/unit_journal.h"

namespace rollctl {

// Reads the logs of instances that run as systemd units, through journalctl.
class JournalLogs {
 public:
  // `shows` chooses among the instances that the query asks for.
  JournalLogs(LogPrinter& printer, SystemdScope scope, JournalQuery query,
              std::function<bool(InstanceId)> shows)
      : printer_(printer), scope_(scope), query_(std::move(query)), shows_(std::move(shows)) {}

  // The last lines, oldest first. Blocks for at most a minute.
  Result<std::vector<LogLine>> last_lines() const;

  // Shows the same, then new lines while the loop runs, as fast as the output takes them.
  Status follow(Loop& loop, const FollowedOutput& output);

 private:
  void watch();
  void show_new();

  LogPrinter& printer_;
  SystemdScope scope_;
  JournalQuery query_;
  std::function<bool(InstanceId)> shows_;
  Loop* loop_ = nullptr;
  const FollowedOutput* output_ = nullptr;
  std::string unfinished_;
  std::optional<Command> command_;
  Watch watch_;
};

}  // namespace rollctl
