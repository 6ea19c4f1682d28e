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

// Identifies a process uniquely; a pid alone is reused.
// `start_ticks` is field 22 of /proc/PID/stat; `boot_id` is /proc/sys/kernel/random/boot_id.
struct ProcessId {
  pid_t pid = 0;
  uint64_t start_ticks = 0;
  std::string boot_id;

  bool operator==(const ProcessId&) const = default;
};

// A pidfd: signals through it reach exactly this process. The only user of pidfd_open, pidfd_send_signal and
// pidfd_getfd. Closing it does not affect the process.
class ProcessRef {
 public:
  // Opens a running process or a zombie. NotFound (ESRCH) means that it does
  // not exist; any other error leaves that open. NotPermitted if /proc hides
  // the process from this user (hidepid): its start time is then unknown.
  static Result<ProcessRef> open(pid_t pid);

  // NotFound if the process has gone, even if another process now has its pid.
  static Result<ProcessRef> open(const ProcessId& id);

  // The calling process.
  static Result<ProcessRef> self() { return open(0); }

  [[nodiscard]] const ProcessId& id() const { return id_; }

  // Readable (POLLIN) once the process has exited, also as a zombie. Borrowed.
  [[nodiscard]] int fd() const { return pidfd_.get(); }

  // True once it has exited, a zombie included. Never blocks.
  [[nodiscard]] bool has_exited() const;

  // Whether a signal or a tracer has stopped it; false if unknown.
  [[nodiscard]] bool is_stopped() const;

  // NotFound if it has exited.
  Status send_signal(int signal) const;
  // The same with a number that a handler with SA_SIGINFO finds in si_value; si_code is SI_QUEUE.
  Status queue_signal(int signal, int value) const;

  // Duplicates one of its descriptors (pidfd_getfd, close-on-exec).
  // Needs ptrace rights: root with CAP_SYS_PTRACE, or the same uid and
  // Yama's ptrace_scope 0, or 1 and being its parent; else NotPermitted.
  [[nodiscard]] Result<Fd> take_fd(int their_fd) const;

 private:
  ProcessRef(Fd pidfd, ProcessId id) : pidfd_(std::move(pidfd)), id_(std::move(id)) {}
  Fd pidfd_;
  ProcessId id_;
};

// The process and its living descendants, itself first. Reads /proc once. Omits processes that exit meanwhile
// and those that /proc hides from this user; any other error is returned.
Result<std::vector<pid_t>> process_tree(pid_t root);

// Whether the process is `root` or a descendant. Reads only its ancestors; false if one of them has gone.
// Errors as for process_tree().
Result<bool> is_in_process_tree(pid_t pid, pid_t root);

// The living children of a process. Reads all of /proc where the kernel does not list them. Errors as for
// process_tree().
Result<std::vector<pid_t>> child_processes(pid_t parent);

// Whether the main thread of the process runs, or waits for a disk, rather than for an event; false if
// unknown.
bool is_busy(const ProcessId& process);

// Its name in ps(1), or "a process" where that cannot be told. For messages.
std::string command_of(pid_t pid);

// This boot's id.
Result<std::string> current_boot_id();

// "SIGTERM", "TERM" or "15" → 15, and back. Invalid for an unknown signal.
Result<int> parse_signal(std::string_view name);
std::string signal_name(int signal);

}  // namespace rollctl
