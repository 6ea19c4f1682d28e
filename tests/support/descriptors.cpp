// SPDX-License-Identifier: MIT
#include "support/descriptors.h"

#include <unistd.h>

#include <filesystem>

namespace rollctl::test {

namespace fs = std::filesystem;

std::map<int, std::string> descriptors_of(pid_t pid) {
  std::map<int, std::string> found;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone)) {
    std::error_code closed;
    const auto target = fs::read_symlink(entry.path(), closed);
    if (!closed) found[std::stoi(entry.path().filename())] = target.string();
  }
  return found;
}

size_t count_descriptors() {
  return descriptors_of(getpid()).size();
}

std::vector<std::string> steering_held_by(pid_t pid) {
  std::vector<std::string> held;
  for (auto& [fd, target] : descriptors_of(pid))
    if (target.starts_with("anon_inode:bpf")) held.push_back(std::move(target));
  return held;
}

}  // namespace rollctl::test
