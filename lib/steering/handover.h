// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "steering/ebpf_steering.h"
#include "steering/steering.h"

namespace roll {

// The way that is insisted on, or with nothing (`auto`) the best that this host and process allow. Insisting
// on what is impossible is an error: NotPermitted or Unsupported, with the reason and a hint. Handles that
// are adopted are only of use to Steer; taking them over is preferred to anything else.
Result<std::unique_ptr<Steering>> choose_steering(std::optional<Handover> insisted,
                                                  EbpfSteeringOptions options = {});

// The best way for `auto`, and why it is not a better one. Loads and drops a program.
struct HandoverChoice {
  Handover way = Handover::Plain;
  std::optional<Error> why_not_steer;
  std::optional<Error> why_not_migrate;
};
HandoverChoice best_handover();

// What a way guarantees, in one sentence for people; for the lesser ones also how to get a better one.
std::string handover_guarantee(Handover way);

}  // namespace roll
