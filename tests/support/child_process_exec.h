// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rollctl::test {

// Everything the child needs between fork and exec, made before the fork: afterwards only async-signal-safe
// calls are allowed, since another thread may have held malloc's lock.
struct ExecPlan {
  std::vector<char*> argv;
  std::vector<char*> env;
  std::vector<std::string> env_text;
  std::vector<std::pair<int, int>> fds;  // ours → theirs
  std::string workdir;
  std::optional<uid_t> uid;
  pid_t parent = 0;
};

// Ours with `changes` put on top: "NAME=VALUE" sets, "NAME" alone takes away.
std::vector<std::string> merge_environment(const std::vector<std::string>& changes);

// The array that exec wants. It points into `texts`, which has to outlive it.
std::vector<char*> exec_array(std::vector<std::string>& texts);

// To be called in the child of a fork: becomes the program, or writes the errno to `report_fd` and exits.
// Nothing of `report_fd` and of what the plan does not name is left open in the program.
[[noreturn]] void become_child(const ExecPlan& plan, int report_fd);

}  // namespace rollctl::test
