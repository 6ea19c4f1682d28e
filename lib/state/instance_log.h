// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "process/launch_spec.h"

namespace rollctl {

// Where the output of an instance goes: to a file, or under its unit to systemd's journal.
struct InstanceLog {
  std::string path;
  std::string unit;
};
InstanceLog log_of(const LaunchSpec& spec);

// Its last lines, oldest first, without '\n'; none if the log is missing. Reads at most the last 256 KiB of a
// file. Reads the journal through journalctl(1), which blocks for at most 20 s.
std::vector<std::string> last_lines_of(const InstanceLog& log, size_t lines);

}  // namespace rollctl
