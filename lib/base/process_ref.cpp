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
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace rollctl {

namespace {

struct Stat {
  char state = ' ';
  pid_t parent = 0;
  uint64_t start_ticks = 0;
};

// The errors of /proc for a process that is missing or hidden from this user (hidepid).
bool is_absent(int os_error) {
  return os_error == ENOENT || os_error == ESRCH;
}

// The second field, the command, may contain blanks and brackets: the third follows the last ')'.
Result<Stat> read_stat(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(last_os_failure("cannot open " + path));
  char buffer[2048];
  const ssize_t size = ::read(fd.get(), buffer, sizeof buffer);
  if (size < 0) return fail(last_os_failure("cannot read " + path));
  std::string_view text(buffer, static_cast<size_t>(size));
  const size_t bracket = text.rfind(')');
  if (bracket == std::string_view::npos || bracket + 2 >= text.size())
    return fail(os_failure("cannot read " + path, EBADMSG));
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
  return fail(os_failure("cannot read " + path, EBADMSG));
}

}  // namespace

Result<ProcessRef> ProcessRef::open(pid_t pid) {
  if (pid == 0) pid = ::getpid();
  const std::string who = "process " + std::to_string(pid);
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) return fail(last_os_failure("cannot open " + who));
  const auto stat = read_stat(pid);
  const auto boot_id = current_boot_id();
  if (stat && boot_id) return ProcessRef(std::move(pidfd), ProcessId{pid, stat->start_ticks, *boot_id});
  if (stat || !is_absent(stat.error().os_error))
    return fail(with_context(stat ? boot_id.error() : stat.error(), "cannot open " + who));
  const ProcessRef unnamed(std::move(pidfd), ProcessId{pid, 0, {}});
  if (unnamed.has_exited()) return fail(os_failure("cannot open " + who, ESRCH));
  return fail(ErrorKind::NotPermitted,
              "cannot open " + who + ": it is running, but /proc hides it from this user",
              "see the option hidepid of the mount of /proc");
}

Result<ProcessRef> ProcessRef::open(const ProcessId& id) {
  const std::string who = "process " + std::to_string(id.pid);
  const auto boot_id = current_boot_id();
  if (!boot_id) return fail(with_context(boot_id.error(), "cannot open " + who));
  if (id.pid <= 0 || id.boot_id != *boot_id) return fail(os_failure("cannot open " + who, ESRCH));
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

Status ProcessRef::queue_signal(int signal, int value) const {
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  info.si_value.sival_int = value;
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, &info, 0) == 0) return {};
  return fail(
      last_os_failure("cannot send " + signal_name(signal) + " to process " + std::to_string(id_.pid)));
}

Result<Fd> ProcessRef::take_fd(int their_fd) const {
  Fd fd(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd_.get(), their_fd, 0)));
  if (!fd) return fail(last_os_failure("cannot take a descriptor of process " + std::to_string(id_.pid)));
  return fd;
}

namespace {

// Lists a folder; readdir() reports errors through errno only.
class ProcFolder {
 public:
  explicit ProcFolder(const std::string& path) : path_(path), folder_(::opendir(path.c_str())) {
    if (folder_ == nullptr) os_error_ = errno;
  }
  ProcFolder(const ProcFolder&) = delete;
  ProcFolder& operator=(const ProcFolder&) = delete;
  ~ProcFolder() {
    if (folder_ != nullptr) ::closedir(folder_);
  }

  // Null at the end and on an error.
  const char* next() {
    if (folder_ == nullptr) return nullptr;
    errno = 0;
    const dirent* entry = ::readdir(folder_);
    if (entry == nullptr) os_error_ = errno;
    return entry == nullptr ? nullptr : entry->d_name;
  }

  // A process that has gone is not an error.
  [[nodiscard]] Status status() const {
    return os_error_ == 0 || is_absent(os_error_) ? Status()
                                                  : fail(os_failure("cannot list " + path_, os_error_));
  }

 private:
  std::string path_;
  DIR* folder_;
  int os_error_ = 0;
};

void append_pids(const std::string& text, std::vector<pid_t>& pids) {
  const char* const end = text.data() + text.size();
  pid_t pid = 0;
  for (const char* next = text.data(); next < end; ++next) {
    const auto [stop, failure] = std::from_chars(next, end, pid);
    if (failure != std::errc()) break;
    pids.push_back(pid);
    next = stop;
  }
}

// The children of all threads of a process; nothing without CONFIG_PROC_CHILDREN.
Result<std::optional<std::vector<pid_t>>> children_of(pid_t parent) {
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  std::vector<pid_t> children;
  bool told = true;
  ProcFolder folder(tasks);
  while (const char* name = folder.next()) {
    if (name[0] == '.') continue;
    const std::string task = tasks + "/" + name;
    const Fd fd(::open((task + "/children").c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && !is_absent(errno)) return fail(last_os_failure("cannot open " + task + "/children"));
    if (!fd) {
      told = told && ::access(task.c_str(), F_OK) != 0;
      continue;
    }
    const auto text = read_all(fd.get(), size_t{1} << 20);
    if (!text && !is_absent(text.error().os_error)) return fail(with_context(text.error(), task));
    if (text) append_pids(*text, children);
  }
  if (Status listed = folder.status(); !listed) return fail(listed.error());
  if (!told) return std::nullopt;
  return std::optional(std::move(children));
}

// Every visible process and its parent, from all of /proc.
Result<std::vector<std::pair<pid_t, pid_t>>> all_parents() {
  std::vector<std::pair<pid_t, pid_t>> parents;
  ProcFolder proc("/proc");
  while (const char* name = proc.next()) {
    pid_t pid = 0;
    const char* end = name + std::strlen(name);
    if (std::from_chars(name, end, pid).ptr != end) continue;
    const auto stat = read_stat(pid);
    if (stat) parents.emplace_back(pid, stat->parent);
    if (!stat && !is_absent(stat.error().os_error) && stat.error().kind != ErrorKind::NotPermitted)
      return fail(stat.error());
  }
  if (Status listed = proc.status(); !listed) return fail(listed.error());
  return parents;
}

}  // namespace

Result<std::vector<pid_t>> process_tree(pid_t root) {
  std::vector<pid_t> tree{root};
  std::optional<std::vector<std::pair<pid_t, pid_t>>> parents;
  for (size_t next = 0; next < tree.size(); ++next) {
    if (!parents) {
      const auto children = children_of(tree[next]);
      if (!children) return fail(children.error());
      if (*children) {
        tree.insert(tree.end(), (*children)->begin(), (*children)->end());
        continue;
      }
      auto all = all_parents();
      if (!all) return fail(all.error());
      parents = std::move(*all);
    }
    for (const auto& [pid, parent] : *parents) {
      if (parent == tree[next] && pid != root) tree.push_back(pid);
    }
  }
  return tree;
}

Result<std::vector<pid_t>> child_processes(pid_t parent) {
  auto listed = children_of(parent);
  if (!listed) return fail(listed.error());
  if (*listed) return std::move(**listed);
  const auto parents = all_parents();
  if (!parents) return fail(parents.error());
  std::vector<pid_t> children;
  for (const auto& [pid, its_parent] : *parents) {
    if (its_parent == parent) children.push_back(pid);
  }
  return children;
}

bool is_busy(const ProcessId& process) {
  const auto stat = read_stat(process.pid);
  return stat && stat->start_ticks == process.start_ticks && (stat->state == 'R' || stat->state == 'D');
}

Result<bool> is_in_process_tree(pid_t pid, pid_t root) {
  // Bounded, in case pids are reused meanwhile.
  constexpr int kDeepest = 1024;
  for (int depth = 0; pid > 0 && depth < kDeepest; ++depth) {
    if (pid == root) return true;
    const auto stat = read_stat(pid);
    if (!stat && is_absent(stat.error().os_error)) return false;
    if (!stat) return fail(stat.error());
    pid = stat->parent;
  }
  return false;
}

std::string command_of(pid_t pid) {
  constexpr size_t kLongestName = 64;
  const Fd comm(::open(("/proc/" + std::to_string(pid) + "/comm").c_str(), O_RDONLY | O_CLOEXEC));
  std::string command = comm ? read_all(comm.get(), kLongestName).value_or(std::string()) : std::string();
  while (!command.empty() && command.back() == '\n') command.pop_back();
  return command.empty() ? "a process" : command;
}

Result<std::string> current_boot_id() {
  static const std::string kPath = "/proc/sys/kernel/random/boot_id";
  // Caches a success, not a failure.
  static std::string known;
  static std::mutex reading;
  const std::scoped_lock lock(reading);
  if (!known.empty()) return known;
  const Fd fd(::open(kPath.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(last_os_failure("cannot open " + kPath));
  auto text = read_all(fd.get(), 128);
  if (!text) return fail(with_context(text.error(), kPath));
  while (!text->empty() && text->back() == '\n') text->pop_back();
  if (text->empty()) return fail(ErrorKind::Failed, kPath + " is empty");
  known = std::move(*text);
  return known;
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
  return fail(ErrorKind::Invalid, "unknown signal '" + std::string(name) + "'",
              "use a name such as SIGTERM or SIGQUIT");
}

std::string signal_name(int signal) {
  const char* abbreviation = sigabbrev_np(signal);
  return abbreviation != nullptr ? std::string("SIG") + abbreviation : std::to_string(signal);
}

}  // namespace rollctl
