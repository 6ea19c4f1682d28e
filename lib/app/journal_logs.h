// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/followed_output.h"
#include "app/log_printer.h"
#include "base/command.h"
#include "loop/loop.h"
#include "state/unit_journal.h"

namespace rollctl {

// The logs of instances that ran as units of systemd: journalctl is asked.
class JournalLogs {
 public:
  JournalLogs(LogPrinter& printer, SystemdScope scope, JournalQuery query)
      : printer_(printer), scope_(scope), query_(std::move(query)) {}

  // The last lines, in the order of time. Blocks for at most a minute.
  Result<std::vector<JournalLine>> last_lines() const;

  // These, and what comes later, while the loop runs and as fast as the output takes it.
  Status follow(Loop& loop, const FollowedOutput& output);

 private:
  void watch();
  void show_new();

  LogPrinter& printer_;
  SystemdScope scope_;
  JournalQuery query_;
  Loop* loop_ = nullptr;
  const FollowedOutput* output_ = nullptr;
  std::string unfinished_;
  std::optional<Command> command_;
  Watch watch_;
};

}  // namespace rollctl
