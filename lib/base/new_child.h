// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <csignal>
#include <span>
#include <string>
#include <vector>

namespace rollctl {

// Functions for a child between fork and exec.

// Like vfork(2), but the child runs `run` on its own stack. It shares the caller's memory; the calling thread
// waits until the child has called exec or `run` has returned, which ends the child. Block all signals first:
// a handler in the child would run in the caller's memory. Returns -1 with errno on failure.
//
// Not vfork() itself: it returns twice into one stack frame, which confuses the sanitizers.
pid_t start_vforked(std::span<char> stack, int (*run)(void*), void* argument);

// Blocks all signals of the calling thread during its lifetime.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked();
  ~AllSignalsBlocked();
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// In a child before exec: reset all signal handlers to the default, unblock all signals. Only system calls.
void reset_signal_handlers();
void unblock_signals();

// The umask of rollctl and its children. With a stricter umask of the caller, a server of another user could
// not reach its own folder.
inline constexpr mode_t kMask = 022;

// In a child before it changes its user: leave the caller's login. False with errno on failure; only system
// calls.
//
// A new session without a terminal: a process on root's terminal
// can type into root's shell (TIOCSTI), whatever its user.
bool leave_session();
// A new anonymous session keyring: root's would pass through fork, setuid and execve (session-keyring(7)),
// and the server could read its keys.
bool leave_keyring();

// Null-terminated pointers for execve(2); valid while `texts` is alive and unchanged.
std::vector<char*> exec_pointers(const std::vector<std::string>& texts);

// Waits for a child that has exited or is about to exit.
void reap(pid_t child);

}  // namespace rollctl
