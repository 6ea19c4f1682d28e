// SPDX-License-Identifier: MIT
#include "app/signals.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace rollctl {

namespace {

std::atomic<int> ends{0};  // SIGINT and SIGTERM
std::atomic<int> first_end{0};
std::atomic<bool> first_is_abort{false};
std::atomic<int> promotions{0};  // SIGUSR1
std::atomic<int> bell{-1};       // an eventfd
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler uses them");

void arrive(int signal, siginfo_t* info, void* /*context*/) {
  const int os_error = errno;
  if (signal == SIGUSR1) {
    ++promotions;
  } else if (ends++ == 0) {
    first_end = signal;
    first_is_abort = info != nullptr && info->si_code == SI_QUEUE && info->si_value.sival_int == kAbort;
  }
  (void)::eventfd_write(bell, 1);
  errno = os_error;
}

// Installs the handlers, once per process.
int count_signals() {
  if (bell >= 0) return bell;
  bell = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action{};
  action.sa_sigaction = arrive;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) ::sigaction(signal, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return bell;
}

}  // namespace

SignalInterrupts::SignalInterrupts(SignalledOutput& output, Loop& loop) {
  output.outlive_signals();
  arrival_ = loop.on_readable(count_signals(), [] {
    eventfd_t rings = 0;
    (void)::eventfd_read(bell, &rings);
  });
}

int SignalInterrupts::count() const {
  return ends;
}

// A handler in another thread may have counted the signal but not stored it yet.
int SignalInterrupts::first_signal() const {
  const int first = first_end;
  return first == 0 && ends > 0 ? SIGTERM : first;
}

bool SignalInterrupts::told_to_promote() const {
  return promotions > 0;
}

bool SignalInterrupts::told_to_abort() const {
  return first_is_abort;
}

int signals_received() {
  return ends + promotions;
}

}  // namespace rollctl
