// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "loop/loop.h"
#include "rollctl/log_printer.h"

namespace roll {

// The instances that have a log file in this folder, sorted.
std::vector<InstanceId> logged_instances(const std::string& folder);

// The log files of an app's instances, and up to where each was shown.
class FileLogs {
 public:
  FileLogs(LogPrinter& printer, std::string folder, std::optional<InstanceId> only)
      : printer_(printer), folder_(std::move(folder)), only_(only) {}

  [[nodiscard]] std::vector<InstanceId> ids() const;

  // The last `lines` of all of them together, by instance.
  void show_last(size_t lines);

  // What is added from now on, whole lines only, while the loop runs. Nothing where there is no such folder.
  Status follow(Loop& loop);

 private:
  [[nodiscard]] std::string path(InstanceId id) const;
  void show_new();

  LogPrinter& printer_;
  std::string folder_;
  std::optional<InstanceId> only_;
  std::map<InstanceId, int64_t> shown_;
  std::map<InstanceId, std::string> unfinished_;
  Fd changes_;
  Watch watch_;
};

}  // namespace roll
