// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rollctl::test {

// The data for the child between fork and exec, prepared before the fork: afterwards only async-signal-safe
// calls are allowed, since another thread may hold malloc's lock.
struct ExecPlan {
  std::vector<char*> argv;
  std::vector<char*> env;
  std::vector<std::string> env_text;
  std::vector<std::pair<int, int>> fds;  // ours → theirs
  std::string workdir;
  std::optional<uid_t> uid;
  pid_t parent = 0;
};

// Our environment with `changes`: "NAME=VALUE" sets, "NAME" alone removes.
std::vector<std::string> merge_environment(const std::vector<std::string>& changes);

// The array for exec. It points into `texts`, which must outlive it.
std::vector<char*> exec_array(std::vector<std::string>& texts);

// Call it in the child of a fork: executes the program, or writes the errno to `report_fd` and exits. The
// program gets only the descriptors of the plan, not `report_fd`.
[[noreturn]] void become_child(const ExecPlan& plan, int report_fd);

}  // namespace rollctl::test
