// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/followed_output.h"
#include "app/log_printer.h"
#include "base/fd.h"
#include "loop/loop.h"

namespace rollctl {

// The instances that have a log file in `folder`, sorted.
std::vector<InstanceId> logged_instances(const std::string& folder);

// Reads the log files of an app's instances; remembers how much of each was shown.
class FileLogs {
 public:
  FileLogs(LogPrinter& printer, std::string folder, std::optional<InstanceId> only)
      : printer_(printer), folder_(std::move(folder)), only_(only) {}

  [[nodiscard]] std::vector<InstanceId> ids() const;

  // Shows the last `lines` lines of all files together, ordered
  // by instance. Reads only the files that hold them.
  void show_last(size_t lines);

  // Shows the same, then new lines while the loop runs, as fast as the output takes them. A line longer than
  // 1 MiB is shown in parts. Shows nothing if the folder does not exist.
  Status follow(Loop& loop, const FollowedOutput& output, size_t lines);

 private:
  struct File {
    int64_t shown = 0;
    std::string unfinished;
  };
  [[nodiscard]] std::string path(InstanceId id) const;
  void notice_changes();
  void show_new();
  [[nodiscard]] bool show_some(InstanceId id);
  void show_lines(InstanceId id, File& file);

  LogPrinter& printer_;
  std::string folder_;
  std::optional<InstanceId> only_;
  std::map<InstanceId, File> files_;
  Loop* loop_ = nullptr;
  const FollowedOutput* output_ = nullptr;
  Fd changes_;
  std::set<InstanceId> changed_;  // since they were last read to their end
  InstanceId shown_last_ = 0;
  Watch watch_;
  Watch next_;
};

}  // namespace rollctl
