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

// The instances that have a log file in this folder, sorted.
std::vector<InstanceId> logged_instances(const std::string& folder);

// The log files of an app's instances, and up to where each was shown.
class FileLogs {
 public:
  FileLogs(LogPrinter& printer, std::string folder, std::optional<InstanceId> only)
      : printer_(printer), folder_(std::move(folder)), only_(only) {}

  [[nodiscard]] std::vector<InstanceId> ids() const;

  // The last `lines` of all of them together, by instance. No more files are read than these are in.
  void show_last(size_t lines);

  // These, and what is added from now on, while the loop runs and as fast as the output takes it: whole
  // lines, and the part of one that has grown longer than 1 MiB. Nothing where there is no such folder.
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
  std::set<InstanceId> changed_;  // since they were read to their end
  InstanceId shown_last_ = 0;
  Watch watch_;
  Watch next_;
};

}  // namespace rollctl
