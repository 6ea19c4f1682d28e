// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "process/launch_spec.h"

namespace rollctl {

// Where the output of an instance is: in a file of rollctl's, or in systemd's journal under its unit.
struct InstanceLog {
  std::string path;
  std::string unit;
};
InstanceLog log_of(const LaunchSpec& spec);

// Its last lines, oldest first, without their '\n'; none where there is no log (any more). Of a file no more
// than the last 256 KiB are read; the journal is asked through journalctl(1), which blocks for at most ten
// seconds.
std::vector<std::string> last_lines_of(const InstanceLog& log, size_t lines);

}  // namespace rollctl
