// SPDX-License-Identifier: MIT
#include "steering/interposed_calls.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace rollctl::test {

namespace {

std::mutex calls_guard;
std::map<int, int> call_counts;
std::atomic<int> failing_option = 0;
std::atomic<Millis::rep> connect_delay_ms = 0;
std::vector<std::thread> late_threads;

}  // namespace

int Calls::of(int option) {
  const std::lock_guard locked(calls_guard);
  return call_counts[option];
}

void Calls::fail(int option) {
  failing_option = option;
}

Calls::LateConnects::LateConnects(Millis delay) {
  connect_delay_ms = delay.count();
}

Calls::LateConnects::~LateConnects() {
  connect_delay_ms = 0;
  for (std::thread& one : late_threads) one.join();
  late_threads.clear();
}

}  // namespace rollctl::test

// These take the place of libc's in this program.
extern "C" int setsockopt(int fd, int level, int option, const void* value, socklen_t size) noexcept {
  using namespace rollctl::test;
  {
    const std::lock_guard locked(calls_guard);
    ++call_counts[option];
  }
  if (option != 0 && option == failing_option) {
    errno = ENOBUFS;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_setsockopt, fd, level, option, value, size));
}

extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  using namespace rollctl::test;
  const auto delay = rollctl::Millis(connect_delay_ms);
  if (delay.count() == 0 || (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0)
    return static_cast<int>(::syscall(SYS_connect, fd, address, size));
  sockaddr_storage target{};
  std::memcpy(&target, address, size);
  const int copy = ::dup(fd);
  late_threads.emplace_back([copy, target, size, delay] {
    std::this_thread::sleep_for(delay);
    ::syscall(SYS_connect, copy, &target, size);
    ::close(copy);
  });
  errno = EINPROGRESS;
  return -1;
}
