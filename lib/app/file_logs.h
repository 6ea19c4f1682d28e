// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
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
  // `shows` chooses the instances.
  FileLogs(LogPrinter& printer, std::string folder, std::function<bool(InstanceId)> shows)
      : printer_(printer), folder_(std::move(folder)), shows_(std::move(shows)) {}

  [[nodiscard]] std::vector<InstanceId> ids() const;

  // The wanted lines of all files together, by time.
  std::vector<LogLine> last_lines(const LogPart& part);

  // Shows the same, then new lines while the loop runs, as fast as the output takes them. A line longer than
  // 1 MiB is shown in parts. As tail(1) does with -F, it goes on with a file that was truncated or replaced,
  // and with a folder that is removed or does not exist yet.
  Status follow(Loop& loop, const FollowedOutput& output, const LogPart& part);

 private:
  struct File {
    uint64_t inode = 0;
    int64_t shown = 0;
    std::string before;  // the last bytes that were shown: others there mean that the file was written anew
    std::string unfinished;
  };
  [[nodiscard]] std::string path(InstanceId id) const;
  Status watch_folder();
  void look();
  void notice_changes();
  void show_new();
  [[nodiscard]] bool show_some(InstanceId id);
  void show_lines(InstanceId id, File& file);

  LogPrinter& printer_;
  std::string folder_;
  std::function<bool(InstanceId)> shows_;
  std::map<InstanceId, File> files_;
  Loop* loop_ = nullptr;
  const FollowedOutput* output_ = nullptr;
  Fd changes_;
  uint64_t watched_ = 0;          // the folder's inode; 0: it does not exist
  std::set<InstanceId> changed_;  // since they were last read to their end
  InstanceId shown_last_ = 0;
  Watch watch_;
  Watch tick_;
  Watch next_;
};

}  // namespace rollctl
