// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "deploy/verdict.h"
#include "deploy/world.h"

namespace rollctl::test {

// A successful deploy of v2 over v1.
inline Verdict deployed() {
  Verdict verdict;
  verdict.command = AppCommand::Deploy;
  verdict.app = "web";
  verdict.release = "v2";
  verdict.generation = 7;
  verdict.from = "v1";
  verdict.handover = Handover::Steer;
  verdict.wanted = verdict.serving = 2;
  verdict.serving_release = "v2";
  verdict.duration = Millis(412);
  return verdict;
}

// A failed deploy of v3 over v2: its server did not start.
inline Verdict rolled_back() {
  Verdict verdict = deployed();
  verdict.release = "v3";
  verdict.from = "v2";
  verdict.outcome = Outcome::RolledBack;
  verdict.reason = "instance 14: the server exited with 3 before it was ready";
  verdict.failed = FailedInstance{
      14, "the server exited with 3 before it was ready", {"reading\tconfig", "\x1b[31mno such file\x1b[0m"}};
  verdict.hint = "fix it and deploy again";
  return verdict;
}

inline events::Started v2_over_v1() {
  events::Started started;
  started.command = AppCommand::Deploy;
  started.release = "v2";
  started.from = "v1";
  started.instances = 1;
  started.handover = Handover::Steer;
  return started;
}

inline InstanceView view(InstanceId id, std::string release, InstanceState state) {
  InstanceView instance;
  instance.id = id;
  instance.release = std::move(release);
  instance.state = state;
  return instance;
}

}  // namespace rollctl::test
