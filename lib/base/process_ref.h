// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// A process's name that is never used twice: the pid alone is, sooner or later, a stranger's.
// `start_ticks` is field 22 of /proc/PID/stat; `boot_id` is /proc/sys/kernel/random/boot_id.
struct ProcessId {
  pid_t pid = 0;
  uint64_t start_ticks = 0;
  std::string boot_id;

  bool operator==(const ProcessId&) const = default;
};

// A pidfd to one process: signals through it reach that process or nobody. The only caller of pidfd_open,
// pidfd_send_signal and pidfd_getfd. Closing it does nothing to the process.
class ProcessRef {
 public:
  // A process that runs (or is a zombie) now. NotFound where there is none, and only there (ESRCH): any other
  // error leaves open whether it lives. Of a process that /proc hides from this user (hidepid) there is a
  // pidfd, but no start time to know it by: NotPermitted.
  static Result<ProcessRef> open(pid_t pid);

  // The process with that whole name; NotFound where it has gone, also when its pid is somebody else's by
  // now.
  static Result<ProcessRef> open(const ProcessId& id);

  // The calling process.
  static Result<ProcessRef> self() { return open(0); }

  [[nodiscard]] const ProcessId& id() const { return id_; }

  // Readable (POLLIN) once the process has exited, also while it is still a zombie. Borrowed.
  [[nodiscard]] int fd() const { return pidfd_.get(); }

  // True once it has exited, a zombie included. Never blocks.
  [[nodiscard]] bool has_exited() const;

  // Whether a signal has stopped it, or a tracer. False where that cannot be told.
  [[nodiscard]] bool is_stopped() const;

  // NotFound when it has exited.
  Status send_signal(int signal) const;

  // A duplicate of one of its descriptors (pidfd_getfd, close-on-exec). Needs ptrace rights over it: root
  // with CAP_SYS_PTRACE, or the same uid and Yama's ptrace_scope 0, or 1 and being its parent; else
  // NotPermitted.
  [[nodiscard]] Result<Fd> take_fd(int their_fd) const;

 private:
  ProcessRef(Fd pidfd, ProcessId id) : pidfd_(std::move(pidfd)), id_(std::move(id)) {}
  Fd pidfd_;
  ProcessId id_;
};

// The process and its living descendants, itself first. Reads /proc once. A process that ends meanwhile, or
// that /proc hides from this user, is left out; any other error is one, for it would leave out who is there.
Result<std::vector<pid_t>> process_tree(pid_t root);

// Whether the process is `root` or descends from it. Reads only the line of its ancestors; false where one of
// them has gone. Errors as process_tree().
Result<bool> is_in_process_tree(pid_t pid, pid_t root);

// This boot's id.
Result<std::string> current_boot_id();

// "SIGTERM" → 15 and back; also "TERM" and "15". Invalid for what is none.
Result<int> parse_signal(std::string_view name);
std::string signal_name(int signal);

}  // namespace rollctl
