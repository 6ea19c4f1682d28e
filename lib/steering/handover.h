// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "loop/loop.h"
#include "steering/ebpf_steering.h"
#include "steering/steering.h"

namespace rollctl {

// Makes the `insisted` way, or without one (`auto`) the best that this host and process allow: steering by
// eBPF, else by a classic program, which needs no privilege. Insisting on an impossible way is an error,
// NotPermitted or Unsupported, with reason and hint. Adopted handles are of use to eBPF only, and prefer it.
// The loop must outlive the result.
//
// `taking`: whether the listeners of the servers can be taken, without which nothing can be steered.
//
// ROLLCTL_STEERING=classic or =ebpf in the environment allows only that kind of steering, for tests and to
// find the cause of a fault.
Result<std::unique_ptr<Steering>> choose_steering(Loop& loop, std::optional<Handover> insisted,
                                                  EbpfSteeringOptions options = {},
                                                  const Status& taking = {});

// The way that `auto` takes, and why not a better one. Loads a program to find out.
struct HandoverChoice {
  Handover way = Handover::Plain;
  std::optional<Error> why_not_ebpf;
  std::optional<Error> why_not_steer;  // neither by eBPF nor by a classic program
  std::optional<Error> why_not_migrate;
};
HandoverChoice best_handover();

// The reasons to warn before a change by this steering, joined by "; ": root is steered by a classic program,
// because eBPF does not work here; or a classic program may crash this kernel. Empty: none. `user`: the
// caller's effective uid.
std::string steering_warning(const Steering& steering, uid_t user);

// The guarantee of a way, as a sentence for users; for Migrate and Plain also how to get a better one.
std::string handover_guarantee(Handover way);

}  // namespace rollctl
