// SPDX-License-Identifier: MIT
#include "supervise/discarder.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/new_child.h"

namespace rollctl {

namespace {

constexpr Micros kLook{1000};
constexpr Micros kLateLook{100'000};
// Long enough for the child to be scheduled on a busy machine.
constexpr Millis kKillAfter{100};
constexpr Millis kGiveUpAfter{1000};

// Closes all other descriptors: a blocked child would keep the run directory locked and the server's sockets
// open. SIGALRM's default action ends the child.
[[noreturn]] void take_one(int socket) {
  reset_signal_handlers();
  unblock_signals();
  const suseconds_t after = std::chrono::microseconds(Discarder::kPatience).count();
  const itimerval interruption{{0, after}, {0, after}};
  char byte = 0;
  if (::dup2(socket, 0) == 0 && ::close_range(1, ~0U, 0) == 0 &&
      ::setitimer(ITIMER_REAL, &interruption, nullptr) == 0)
    (void)::recv(0, &byte, sizeof byte, MSG_DONTWAIT);
  ::_exit(0);
}

// As fork(2), but without SIGCHLD when the child ends.
pid_t start_unseen() {
  return static_cast<pid_t>(::syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr));
}

bool has_ended(pid_t child) {
  return ::waitpid(child, nullptr, WNOHANG | __WALL) != 0;
}

}  // namespace

Discarder::Discarder(Loop& loop, int socket, std::function<void()> done)
    : loop_(loop), socket_(socket), done_(std::move(done)) {}

Discarder::~Discarder() {
  if (child_ > 0) ::kill(child_, SIGKILL);
}

bool Discarder::includes(pid_t pid) const {
  return pid == child_ || std::find(stuck_.begin(), stuck_.end(), pid) != stuck_.end();
}

void Discarder::discard_next() {
  if (child_ > 0) return;
  reap_stuck();
  if (stuck_.size() < kMostStuck) start();
  again_ = loop_.after(child_ > 0 ? kLook : kLateLook, [this] { look(); });
}

void Discarder::start() {
  const pid_t child = start_unseen();
  if (child == 0) take_one(socket_);
  if (child < 0) return;  // look() tries again
  child_ = child;
  kill_at_ = loop_.now() + kKillAfter;
  give_up_at_ = loop_.now() + kGiveUpAfter;
}

void Discarder::look() {
  if (child_ == 0) return discard_next();
  const TimePoint now = loop_.now();
  const bool ended = has_ended(child_);
  if (!ended && now < give_up_at_) {
    if (now >= kill_at_) ::kill(child_, SIGKILL);
    again_ = loop_.after(kLook, [this] { look(); });
    return;
  }
  if (!ended) stuck_.push_back(child_);
  child_ = 0;
  done_();
}

void Discarder::reap_stuck() {
  std::erase_if(stuck_, has_ended);
}

}  // namespace rollctl
