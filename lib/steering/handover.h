// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "loop/loop.h"
#include "steering/ebpf_steering.h"
#include "steering/steering.h"

namespace rollctl {

// The way that is insisted on, or with nothing (`auto`) the best that this host and process allow: steering
// by eBPF where that is permitted, else by a classic program, which every user may. Insisting on what is
// impossible is an error: NotPermitted or Unsupported, with the reason and a hint. Handles that are adopted
// are only of use to eBPF; taking them over is preferred to anything else. The loop must outlive the result.
//
// With ROLLCTL_STEERING=classic or =ebpf in the environment there is no other kind of steering: to find out
// which of them a fault is of, and for tests.
Result<std::unique_ptr<Steering>> choose_steering(Loop& loop, std::optional<Handover> insisted,
                                                  EbpfSteeringOptions options = {});

// The best way for `auto`, and why it is not a better one. Loads and drops a program.
struct HandoverChoice {
  Handover way = Handover::Plain;
  std::optional<Error> why_not_ebpf;
  std::optional<Error> why_not_steer;  // by eBPF as little as by a classic program
  std::optional<Error> why_not_migrate;
};
HandoverChoice best_handover();

// What a way guarantees, in one sentence for people; for the lesser ones also how to get a better one.
std::string handover_guarantee(Handover way);

}  // namespace rollctl
