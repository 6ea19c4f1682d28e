// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "loop/loop.h"

namespace rollctl {

// Receives datagrams that carry descriptors (SCM_RIGHTS) in a child process, which closes the descriptors.
// That close can block for as long as the sender likes: a TCP socket with SO_LINGER and unsent data for an
// hour (inet_release(), net/ipv4/af_inet.c), a file on a dead NFS server for ever.
//
// A child gets SIGALRM after kPatience, which ends a linger, then SIGKILL; a child that survives both is left
// alone. It sends no SIGCHLD, and waitpid(-1) without __WALL does not report it. This process must be
// single-threaded.
class Discarder {
 public:
  static constexpr Millis kPatience{5};
  // With this many children that survived SIGKILL, discarding waits until one of them ends.
  static constexpr size_t kMostStuck = 8;

  // `socket` is borrowed and non-blocking. `done` is called from the loop after each discard_next().
  Discarder(Loop& loop, int socket, std::function<void()> done);
  ~Discarder();
  Discarder(const Discarder&) = delete;
  Discarder& operator=(const Discarder&) = delete;

  // Discards the next datagram. The caller must not read the socket until `done` is called.
  void discard_next();

  // Whether that is one of those children.
  [[nodiscard]] bool includes(pid_t pid) const;

 private:
  void start();
  void look();
  void reap_stuck();

  Loop& loop_;
  int socket_;
  std::function<void()> done_;
  pid_t child_ = 0;
  TimePoint kill_at_{};
  TimePoint give_up_at_{};
  std::vector<pid_t> stuck_;
  Watch again_;
};

}  // namespace rollctl
