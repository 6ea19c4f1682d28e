// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/process_ref.h"

namespace rollctl::test {

// A process of the calling thread's network namespace.
struct Resident {
  ProcessId id;
  std::string program;  // from /proc/PID/comm: at most 15 characters
  std::string command;  // its arguments, each followed by a space
};

// All processes of the namespace except the caller and zombies.
std::vector<Resident> residents();

// Those whose command contains the text.
std::vector<Resident> residents_called(const std::string& text);

}  // namespace rollctl::test
