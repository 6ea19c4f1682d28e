// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "state/event.h"
#include "steering/steering.h"

namespace rollctl {

// The instance that made a change fail, for people.
struct FailedInstance {
  InstanceId id = 0;
  std::string what;                     // "the server exited with 3 before it was ready"
  std::vector<std::string> last_lines;  // of its log, at most 20
};

struct CanaryView {
  InstanceId id = 0;
  std::string release;
  double percent = 0;
};

// How a change ended. Plain data: exit status, summary and JSON are made of nothing else.
struct Verdict {
  AppCommand command = AppCommand::Deploy;
  std::string app;
  std::string release;
  int64_t generation = 0;
  std::optional<std::string> from;  // the release that served before
  Outcome outcome = Outcome::Deployed;
  enum class Aim { Forward, Back };  // Back: the command asked for a rollback
  Aim aim = Aim::Forward;
  Handover handover = Handover::Plain;
  int wanted = 0;
  int serving = 0;                                     // ready instances in the rotation, without canaries
  std::string serving_release;                         // of the newest of those; empty: none
  std::map<std::string, int> serving_by_release = {};  // of more than one; else empty
  Millis duration{0};
  size_t connections_cut = 0;
  std::optional<HttpReport> http;    // of all drains that asked clients to leave
  size_t left = 0;                   // handshakes that had not settled at the bound
  std::vector<InstanceId> draining;  // still draining, where that was not awaited
  std::optional<CanaryView> canary;  // that stands
  std::vector<InstanceId> standby;   // for an instant rollback
  Millis hold{0};                    // of the standby, from now on
  std::string reason;                // empty with Deployed
  std::string hint;
  std::optional<FailedInstance> failed;
  int interrupted_by = 0;  // signal; with Deployed it ended only the waiting
};

}  // namespace rollctl
