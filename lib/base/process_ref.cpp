// SPDX-License-Identifier: MIT
#include "base/process_ref.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace roll {

namespace {

struct Stat {
  char state = ' ';
  pid_t parent = 0;
  uint64_t start_ticks = 0;
};

// The second field, the command, may hold spaces and brackets: what counts begins after the last ')'.
std::optional<Stat> read_stat(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  char buffer[2048];
  const ssize_t size = ::read(fd.get(), buffer, sizeof buffer);
  if (size <= 0) return std::nullopt;
  std::string_view text(buffer, static_cast<size_t>(size));
  const size_t bracket = text.rfind(')');
  if (bracket == std::string_view::npos || bracket + 2 >= text.size()) return std::nullopt;
  text.remove_prefix(bracket + 2);

  constexpr int kStateField = 3;
  constexpr int kParentField = 4;
  constexpr int kStartField = 22;
  Stat stat;
  for (int field = kStateField; !text.empty(); ++field) {
    const size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    if (field == kStateField && !word.empty()) stat.state = word.front();
    if (field == kParentField) std::from_chars(word.begin(), word.end(), stat.parent);
    if (field == kStartField) {
      std::from_chars(word.begin(), word.end(), stat.start_ticks);
      return stat;
    }
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return std::nullopt;
}

}  // namespace

Result<ProcessRef> ProcessRef::open(pid_t pid) {
  if (pid == 0) pid = ::getpid();
  const std::string who = "process " + std::to_string(pid);
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) return fail(last_os_failure("cannot open " + who));
  const auto stat = read_stat(pid);
  if (!stat) return fail(os_failure("cannot open " + who, ESRCH));
  return ProcessRef(std::move(pidfd), ProcessId{pid, stat->start_ticks, current_boot_id()});
}

Result<ProcessRef> ProcessRef::open(const ProcessId& id) {
  const std::string who = "process " + std::to_string(id.pid);
  if (id.pid <= 0 || id.boot_id != current_boot_id()) return fail(os_failure("cannot open " + who, ESRCH));
  auto process = open(id.pid);
  if (process && !(process->id() == id)) return fail(os_failure("cannot open " + who, ESRCH));
  return process;
}

bool ProcessRef::has_exited() const {
  pollfd poll_fd{pidfd_.get(), POLLIN, 0};
  return ::poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN) != 0;
}

bool ProcessRef::is_stopped() const {
  const auto stat = read_stat(id_.pid);
  return stat && stat->start_ticks == id_.start_ticks && (stat->state == 'T' || stat->state == 't');
}

Status ProcessRef::send_signal(int signal) const {
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) == 0) return {};
  return fail(
      last_os_failure("cannot send " + signal_name(signal) + " to process " + std::to_string(id_.pid)));
}

Result<Fd> ProcessRef::take_fd(int their_fd) const {
  Fd fd(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd_.get(), their_fd, 0)));
  if (!fd) return fail(last_os_failure("cannot take a descriptor of process " + std::to_string(id_.pid)));
  return fd;
}

namespace {

// The children that a process has by any of its threads; nothing where this kernel does not tell
// (CONFIG_PROC_CHILDREN).
std::optional<std::vector<pid_t>> children_of(pid_t parent) {
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  std::vector<pid_t> children;
  DIR* folder = ::opendir(tasks.c_str());
  if (folder == nullptr) return children;  // it has gone
  bool told = true;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    const std::string path = tasks + "/" + entry->d_name + "/children";
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
      told = told && ::access((tasks + "/" + entry->d_name).c_str(), F_OK) != 0;
      continue;
    }
    const std::string text = read_all(fd.get(), size_t{1} << 20).value_or(std::string());
    const char* const end = text.data() + text.size();
    pid_t child = 0;
    for (const char* next = text.data(); next < end; ++next) {
      const auto [stop, failure] = std::from_chars(next, end, child);
      if (failure != std::errc()) break;
      children.push_back(child);
      next = stop;
    }
  }
  ::closedir(folder);
  if (!told) return std::nullopt;
  return children;
}

// Every process and its parent, from all of /proc.
std::vector<std::pair<pid_t, pid_t>> all_parents() {
  std::vector<std::pair<pid_t, pid_t>> parents;
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return parents;
  while (const dirent* entry = ::readdir(proc)) {
    pid_t pid = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, pid).ptr != end) continue;
    if (const auto stat = read_stat(pid)) parents.emplace_back(pid, stat->parent);
  }
  ::closedir(proc);
  return parents;
}

}  // namespace

std::vector<pid_t> process_tree(pid_t root) {
  std::vector<pid_t> tree{root};
  std::optional<std::vector<std::pair<pid_t, pid_t>>> parents;
  for (size_t next = 0; next < tree.size(); ++next) {
    const auto children = parents ? std::nullopt : children_of(tree[next]);
    if (children) {
      tree.insert(tree.end(), children->begin(), children->end());
      continue;
    }
    if (!parents) parents = all_parents();
    for (const auto& [pid, parent] : *parents) {
      if (parent == tree[next] && pid != root) tree.push_back(pid);
    }
  }
  return tree;
}

bool is_in_process_tree(pid_t pid, pid_t root) {
  // A bound, should pids be reused while we climb.
  constexpr int kDeepest = 1024;
  for (int depth = 0; pid > 0 && depth < kDeepest; ++depth) {
    if (pid == root) return true;
    const auto stat = read_stat(pid);
    if (!stat) return false;
    pid = stat->parent;
  }
  return false;
}

const std::string& current_boot_id() {
  static const std::string kBootId = [] {
    const Fd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
    std::string text = fd ? read_all(fd.get(), 128).value_or(std::string()) : std::string();
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }();
  return kBootId;
}

Result<int> parse_signal(std::string_view name) {
  std::string_view bare = name;
  if (bare.starts_with("SIG")) bare.remove_prefix(3);
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* abbreviation = sigabbrev_np(signal);
    if (abbreviation != nullptr && bare == abbreviation) return signal;
  }
  int number = 0;
  const auto [end, failure] = std::from_chars(bare.begin(), bare.end(), number);
  if (failure == std::errc() && end == bare.end() && number > 0 && number < NSIG) return number;
  return fail(ErrorKind::Invalid, "'" + std::string(name) + "' is not a signal",
              "a name like SIGTERM or SIGQUIT");
}

std::string signal_name(int signal) {
  const char* abbreviation = sigabbrev_np(signal);
  return abbreviation != nullptr ? std::string("SIG") + abbreviation : std::to_string(signal);
}

}  // namespace roll
