// SPDX-License-Identifier: MIT
#include "bpf/grace_period.h"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/new_child.h"

namespace rollctl {

namespace {

// Room for 8192 CPUs, the most that the kernel supports.
using CpuMask = std::array<cpu_set_t, 8>;

constexpr Millis kPause{100};

std::string read_text(const char* path) {
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  return fd ? read_all(fd.get(), 65536).value_or(std::string()) : std::string();
}

// "0-3,8" → 0 1 2 3 8; empty on a syntax error.
std::vector<size_t> parse_cpu_list(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::vector<size_t> cpus;
  const char* position = text.data();
  const char* const end = position + text.size();
  while (position < end) {
    size_t first = 0;
    auto parsed = std::from_chars(position, end, first);
    if (parsed.ec != std::errc()) return {};
    size_t last = first;
    if (parsed.ptr < end && *parsed.ptr == '-') parsed = std::from_chars(parsed.ptr + 1, end, last);
    if (parsed.ec != std::errc() || last >= sizeof(CpuMask) * 8) return {};
    for (size_t cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    position = parsed.ptr < end ? parsed.ptr + 1 : end;
  }
  return cpus;
}

// Raises the calling thread's priority, where permitted: on a busy CPU it would wait some ms for its turn,
// and behind threads of its own real-time priority until they sleep.
class AheadOfOthers {
 public:
  AheadOfOthers() : policy_(::sched_getscheduler(0)) {
    if (policy_ == SCHED_DEADLINE || ::sched_getparam(0, &parameters_) != 0) return;
    sched_param next{};
    next.sched_priority = std::min(parameters_.sched_priority + 1, ::sched_get_priority_max(SCHED_FIFO));
    changed_ = ::sched_setscheduler(0, SCHED_FIFO, &next) == 0;
  }
  AheadOfOthers(const AheadOfOthers&) = delete;
  AheadOfOthers& operator=(const AheadOfOthers&) = delete;
  ~AheadOfOthers() {
    if (changed_) ::sched_setscheduler(0, policy_, &parameters_);
  }

 private:
  int policy_;
  sched_param parameters_{};
  bool changed_ = false;
};

// Runs on every online CPU in turn. A look-up runs with bottom halves disabled, and without PREEMPT_RT
// nothing preempts it: once this thread runs on a CPU, earlier look-ups there are over. Its present CPU needs
// no visit.
bool visit_every_cpu() {
  const std::vector<size_t> online = parse_cpu_list(read_text("/sys/devices/system/cpu/online"));
  if (online.empty()) return false;
  CpuMask before{};
  if (::sched_getaffinity(0, sizeof before, before.data()) != 0) return false;
  const AheadOfOthers ahead;
  const auto go_to = [](size_t cpu) {
    CpuMask only{};
    CPU_SET_S(cpu, sizeof only, only.data());
    return ::sched_setaffinity(0, sizeof only, only.data()) == 0;
  };
  const int here = ::sched_getcpu();
  bool visited = true;
  for (const size_t cpu : online) {
    if (here >= 0 && cpu == static_cast<size_t>(here)) continue;
    visited = go_to(cpu);
    if (!visited) break;
  }
  // Goes back: else the thread that it preempted last would wait for it.
  if (here >= 0) (void)go_to(static_cast<size_t>(here));
  ::sched_setaffinity(0, sizeof before, before.data());
  return visited;
}

int register_memory(void* /*unused*/) {
  return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0 ? 0 : 1;
}

bool has_succeeded(pid_t child) {
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  return child > 0 && ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// membarrier(2) refuses MEMBARRIER_CMD_GLOBAL beside nohz_full CPUs. A registration waits for an RCU grace
// period, too, once for each memory that two tasks share (sync_runqueues_membarrier_state() in
// kernel/sched/membarrier.c): a child registers the memory that it shares with a child of its own.
bool register_in_a_child() {
  const AllSignalsBlocked blocked;
  const pid_t child = ::fork();
  if (child == 0) {
    std::array<char, 16384> stack{};
    ::_exit(has_succeeded(start_vforked(stack, register_memory, nullptr)) ? 0 : 1);
  }
  return has_succeeded(child);
}

bool kernel_is_realtime() {
  static const bool kRealtime = read_text("/sys/kernel/realtime").starts_with('1');
  return kRealtime;
}

}  // namespace

GraceWay grace_period() {
  if (!kernel_is_realtime() && visit_every_cpu()) return GraceWay::EveryCpu;
  // Waits for an RCU grace period; look-ups are RCU read sections.
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0) return GraceWay::Membarrier;
  if (register_in_a_child()) return GraceWay::Registration;
  std::this_thread::sleep_for(kPause);
  return GraceWay::Pause;
}

}  // namespace rollctl
