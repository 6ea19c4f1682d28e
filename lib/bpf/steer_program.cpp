// SPDX-License-Identifier: MIT
#include "bpf/steer_program.h"

#include <linux/bpf.h>

#include <utility>

#include "base/kernel_version.h"
#include "bpf/raw_bpf.h"
#include "bpf/steer_layout.h"

namespace rollctl {

namespace {

// The instructions of steer.bpf.c.
alignas(bpf_insn) constexpr unsigned char kSteerProgram[] = {
#include "steer_program.inc"
};

// In the order of roll_steer_map. The counters are a hash, although their keys are slots: an array would
// allocate all elements for every CPU at every load.
const std::pair<raw_bpf::MapShape, Fd SteerMaps::*> kMaps[ROLL_MAPS] = {
    {{"roll_sockets", BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, sizeof(uint32_t), sizeof(uint64_t), ROLL_STEER_SLOTS,
      0},
     &SteerMaps::sockets},
    {{"roll_state", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(roll_steer_state), 1, BPF_F_MMAPABLE},
     &SteerMaps::state},
    {{"roll_probes", BPF_MAP_TYPE_HASH, sizeof(roll_probe_key), sizeof(uint32_t), ROLL_STEER_PROBES,
      BPF_F_NO_PREALLOC},
     &SteerMaps::probes},
    {{"roll_counters", BPF_MAP_TYPE_PERCPU_HASH, sizeof(uint32_t), sizeof(roll_steer_counters),
      ROLL_STEER_SLOTS, BPF_F_NO_PREALLOC},
     &SteerMaps::counters}};

constexpr KernelVersion kFirstKernel{5, 14, 0};

Error load_failure(int os_error) {
  // An old kernel says EPERM for another reason: RLIMIT_MEMLOCK.
  if (const auto kernel = running_kernel(); kernel && *kernel < kFirstKernel)
    return {ErrorKind::Unsupported, os_error,
            "cannot load the steering program: this kernel (" + kernel->text() + ") is too old",
            "steering by eBPF needs Linux 5.14 or newer"};
  Error error = os_failure("cannot load the steering program", os_error);
  switch (error.kind) {
    case ErrorKind::NotPermitted:
      error.hint = "run rollctl as root or grant it CAP_BPF and CAP_NET_ADMIN";
      break;
    case ErrorKind::Failed:
    case ErrorKind::NotFound:
      error.kind = ErrorKind::Unsupported;
      [[fallthrough]];
    default:
      error.hint = "steering needs Linux 5.14 or newer, with eBPF";
  }
  return error;
}

}  // namespace

Result<SteerMaps> SteerMaps::duplicate() const {
  SteerMaps copy;
  const std::pair<const Fd*, Fd*> all[] = {{&program, &copy.program},
                                           {&sockets, &copy.sockets},
                                           {&state, &copy.state},
                                           {&probes, &copy.probes},
                                           {&counters, &copy.counters}};
  for (const auto& [from, to] : all) {
    auto fd = rollctl::duplicate(from->get());
    if (!fd) return fail(fd.error());
    *to = std::move(*fd);
  }
  return copy;
}

Result<SteerMaps> load_steer_program() {
  return load_steer_program_with_log({});
}

Result<SteerMaps> load_steer_program_with_log(std::span<char> log) {
  SteerMaps maps;
  int descriptors[ROLL_MAPS];
  for (size_t place = 0; place < ROLL_MAPS; ++place) {
    const auto& [shape, member] = kMaps[place];
    if (const int failure = raw_bpf::create_map(shape, maps.*member); failure != 0)
      return fail(load_failure(failure));
    descriptors[place] = (maps.*member).get();
  }
  if (const int failure =
          raw_bpf::load_program({"roll_steer", kSteerProgram, descriptors, log}, maps.program);
      failure != 0)
    return fail(load_failure(failure));
  return maps;
}

}  // namespace rollctl
