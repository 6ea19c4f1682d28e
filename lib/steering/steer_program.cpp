// SPDX-License-Identifier: MIT
#include "steering/steer_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "steer.skel.h"

namespace roll {

namespace {

struct SkeletonDestroyer {
  void operator()(roll_steer* skeleton) const { roll_steer__destroy(skeleton); }
};

Error load_failure(int os_error) {
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
      error.hint = "steering needs Linux 5.17 or newer, with eBPF";
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
    auto fd = roll::duplicate(from->get());
    if (!fd) return fail(fd.error());
    *to = std::move(*fd);
  }
  return copy;
}

Result<SteerMaps> load_steer_program() {
  // libbpf would print why it failed; the errno says it well enough.
  ::libbpf_set_print(nullptr);
  const std::unique_ptr<roll_steer, SkeletonDestroyer> skeleton(roll_steer__open());
  if (!skeleton) return fail(load_failure(errno));
  if (const int failure = roll_steer__load(skeleton.get()); failure != 0) return fail(load_failure(-failure));

  // The skeleton closes its descriptors; ours are duplicates.
  const std::pair<int, Fd SteerMaps::*> all[] = {
      {::bpf_program__fd(skeleton->progs.roll_steer), &SteerMaps::program},
      {::bpf_map__fd(skeleton->maps.roll_sockets), &SteerMaps::sockets},
      {::bpf_map__fd(skeleton->maps.roll_state), &SteerMaps::state},
      {::bpf_map__fd(skeleton->maps.roll_probes), &SteerMaps::probes},
      {::bpf_map__fd(skeleton->maps.roll_counters), &SteerMaps::counters}};
  SteerMaps maps;
  for (const auto& [fd, member] : all) {
    auto copy = duplicate(fd);
    if (!copy) return fail(copy.error());
    maps.*member = std::move(*copy);
  }
  return maps;
}

}  // namespace roll
