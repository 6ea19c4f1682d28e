// SPDX-License-Identifier: MIT
#include "bpf/slot_counters.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/fd.h"
#include "bpf/raw_bpf.h"
#include "bpf/steer_layout.h"

namespace rollctl {

namespace {

// A look-up in a per-CPU map returns one element for every possible CPU ("0-7"), online or not.
size_t possible_cpus() {
  static const size_t kPossible = [] {
    const auto text = read_file("/sys/devices/system/cpu/possible");
    size_t last = 0;
    if (!text) return size_t{4096};
    const size_t dash = text->find_last_of("-,");
    const std::string number = dash == std::string::npos ? *text : text->substr(dash + 1);
    return std::sscanf(number.c_str(), "%zu", &last) == 1 ? last + 1 : size_t{4096};
  }();
  return kPossible;
}

}  // namespace

Result<SteeringCounters> read_slot_counters(int counters_fd, std::span<const uint32_t> slots) {
  SteeringCounters sum;
  std::vector<roll_steer_counters> per_cpu(possible_cpus());
  for (const uint32_t slot : slots) {
    const int failure = raw_bpf::look_up(counters_fd, &slot, per_cpu.data());
    if (failure == ENOENT) continue;
    if (failure != 0) return fail(os_failure("cannot read the steering counters", failure));
    for (const auto& counters : per_cpu) {
      sum.connections += counters.connections;
      sum.fallbacks += counters.fallbacks;
      sum.migrations += counters.migrations;
    }
  }
  return sum;
}

void begin_slot_counters(int counters_fd, uint32_t slot) {
  const std::vector<roll_steer_counters> zero(possible_cpus());
  raw_bpf::update(counters_fd, &slot, zero.data());
}

}  // namespace rollctl
