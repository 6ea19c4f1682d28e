// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace rollctl::test {

// The descriptors of a process and their kernel names: a path, "socket:[123]". Omits descriptors that close
// meanwhile; a process that has exited has none.
std::map<int, std::string> descriptors_of(pid_t pid);

// The number of descriptors of this process.
size_t count_descriptors();

// The descriptors that hold a steering ("anon_inode:bpf-map"), not paths that contain such a name.
std::vector<std::string> steering_held_by(pid_t pid);

}  // namespace rollctl::test
