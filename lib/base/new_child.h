// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <csignal>
#include <span>
#include <string>
#include <vector>

namespace rollctl {

// What a child of this process needs between its creation and its exec.

// As vfork(2), but the child calls `run` on a stack of its own: it shares the caller's memory, and the
// calling thread stands still until the child has executed a program or ended, which it does when `run`
// returns. All signals should be blocked: a handler that ran in the child would run in the caller's memory.
// -1 and errno where there is no child.
//
// Not vfork() itself: that returns twice into one frame, and within another it confuses the sanitizers.
pid_t start_vforked(std::span<char> stack, int (*run)(void*), void* argument);

// For the calling thread, while it lives.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked();
  ~AllSignalsBlocked();
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// In a child, before it executes: what the caller ignores or handles becomes the default, and nothing is
// blocked. System calls only.
void reset_signal_handlers();
void unblock_signals();

// The file mode creation mask of all that is started here. With the caller's, who may keep everything to
// himself, a server of another user would not reach its own folder.
inline constexpr mode_t kMask = 022;

// In a child, before it becomes another user: it leaves the caller's log-in. False and errno where
// that fails; system calls only.
//
// A session of its own, without a terminal: who has root's may type into root's shell (TIOCSTI) and put
// himself in the foreground, whatever his user.
bool leave_session();
// An anonymous session keyring of its own: root's would go along through fork, setuid and execve
// (session-keyring(7)), and its keys may be read by whoever has it.
bool leave_keyring();

// For execve(2), as long as the texts live and stay as they are.
std::vector<char*> exec_pointers(const std::vector<std::string>& texts);

// Waits for a child that has ended or is about to.
void reap(pid_t child);

}  // namespace rollctl
