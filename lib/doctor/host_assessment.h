// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "doctor/host_check.h"
#include "steering/handover.h"

namespace rollctl {

enum class UserKind { Root, Ordinary };

// The guarantee of deploys on a host, derived from the checks.
struct HostAssessment {
  Handover handover = Handover::Plain;  // the choice of `auto`
  bool lossless = false;                // deploys lose no connection: they steer, and every need is met
  std::string guarantee;                // of that handover, one sentence
  std::string improve;                  // the command, or words, that would improve it most; empty: none
};

// Pure. `choice`: of a deploy now. `checks`: the findings of examine_host(). `program`: the path of rollctl,
// for a command that names it.
HostAssessment assess_host(const HandoverChoice& choice, std::span<const HostCheck> checks, UserKind user,
                           const std::string& program);

}  // namespace rollctl
