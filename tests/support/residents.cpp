// SPDX-License-Identifier: MIT
#include "support/residents.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <thread>

#include "base/atomic_file.h"

namespace rollctl::test {

namespace fs = std::filesystem;

namespace {

std::string link_target(const fs::path& path) {
  std::error_code gone;
  return fs::read_symlink(path, gone).string();
}

// A process may exit at any time; reading its open files then fails with ESRCH.
Result<std::string> program_of(const fs::path& process) {
  auto name = read_file(process / "comm");
  if (name && name->ends_with('\n')) name->pop_back();
  return name;
}

// During an execve the new program is visible but its arguments are not yet. An exiting process has neither.
Result<std::string> command_of(const fs::path& process) {
  auto command = read_file(process / "cmdline");
  while (command && command->empty() && !link_target(process / "exe").empty()) {
    std::this_thread::yield();
    command = read_file(process / "cmdline");
  }
  if (command) std::replace(command->begin(), command->end(), '\0', ' ');
  return command;
}

}  // namespace

std::vector<Resident> residents() {
  const std::string here = link_target("/proc/thread-self/ns/net");
  std::vector<Resident> all;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc() || pid == getpid())
      continue;
    if (link_target(entry.path() / "ns/net") != here) continue;
    const auto process = ProcessRef::open(pid);
    if (!process) continue;
    auto command = command_of(entry.path());
    auto program = program_of(entry.path());
    if (!program || !command || process->has_exited()) continue;
    all.push_back({process->id(), std::move(*program), std::move(*command)});
  }
  return all;
}

std::vector<Resident> residents_called(const std::string& text) {
  auto all = residents();
  std::erase_if(all, [&](const Resident& one) { return one.command.find(text) == std::string::npos; });
  return all;
}

}  // namespace rollctl::test
