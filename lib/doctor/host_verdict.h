// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "doctor/host_check.h"
#include "steering/handover.h"

namespace rollctl {

enum class UserKind { Root, Ordinary };

// What a host guarantees, in the light of what was found.
struct HostVerdict {
  Handover handover = Handover::Plain;  // what `auto` takes
  bool lossless = false;  // deploys lose nothing: it steers, and nothing that they need is missing
  std::string guarantee;  // of that way, one sentence
  std::string improve;    // the one command, or words, that would make most of a difference; empty: nothing
};

// Pure. `choice` is what deploys would choose, `checks` what was tried. `program`: where rollctl is, for a
// command that names it.
HostVerdict judge_host(const HandoverChoice& choice, std::span<const HostCheck> checks, UserKind user,
                       const std::string& program);

}  // namespace rollctl
