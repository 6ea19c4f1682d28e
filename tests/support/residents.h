// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/process_ref.h"

namespace rollctl::test {

// A process of the calling thread's network namespace.
struct Resident {
  ProcessId id;
  std::string program;  // as /proc/PID/comm says, so at most 15 characters
  std::string command;  // its arguments, a space behind each
};

// All of them but the caller itself, zombies left out.
std::vector<Resident> residents();

// Those whose command has that text in it.
std::vector<Resident> residents_called(const std::string& text);

}  // namespace rollctl::test
