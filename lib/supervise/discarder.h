// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "loop/loop.h"

namespace rollctl {

// Takes datagrams that carry descriptors (SCM_RIGHTS) off a socket, and lets go of what they carry, where
// nobody waits: in a child that does nothing else. The last one who lets go of a descriptor closes what is
// behind it, whether or not it was ever received, and is kept for as long as its sender likes: a TCP socket
// with SO_LINGER and unsent data for an hour (inet_release(), net/ipv4/af_inet.c), a file of a dead server
// for good.
//
// A child is interrupted after kPatience, which ends a linger, then killed; one that not even that ends is
// left alone. No SIGCHLD comes of it, and waitpid(-1) without __WALL does not see it. This process must be
// single-threaded.
class Discarder {
 public:
  static constexpr Millis kPatience{5};
  // So many children that nothing ends; then no more is discarded before one of them ends.
  static constexpr size_t kMostStuck = 8;

  // Of `socket`, which is borrowed and non-blocking. `done` is called from the loop after each
  // discard_next().
  Discarder(Loop& loop, int socket, std::function<void()> done);
  ~Discarder();
  Discarder(const Discarder&) = delete;
  Discarder& operator=(const Discarder&) = delete;

  // Takes the datagram that is next. Until `done` is called nobody else may read the socket: it may not be
  // gone yet.
  void discard_next();

  // One of those children.
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
