// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace rollctl::test {

// What the descriptors of a process are by their number, as the kernel names them: a path, "socket:[123]".
// Those that are closed while it looks are left out; a process that has ended has none.
std::map<int, std::string> descriptors_of(pid_t pid);

// How many this process has.
size_t count_descriptors();

// Those that hold a steering ("anon_inode:bpf-map"). A path that only has such a name in it does not
// count.
std::vector<std::string> steering_held_by(pid_t pid);

}  // namespace rollctl::test
