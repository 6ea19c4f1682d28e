// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace rollctl {

// One capability of this host.
struct HostCheck {
  enum class Outcome {
    Works,        // tried, and worked
    Fails,        // tried, and did not work
    LikelyWorks,  // could not be tried, but other findings say that it works
    Untried,      // could not be tried, and nothing is known
  };
  enum class Need { Always, Better };  // Always: every deploy needs it

  std::string name;  // "steer-ebpf": one word, never changed
  Outcome outcome = Outcome::Untried;
  std::string message;  // the finding, or the reason; one line
  std::string hint;     // a command, or words, to make it work; empty where nothing helps
  Need need = Need::Better;

  [[nodiscard]] bool ok() const { return outcome == Outcome::Works || outcome == Outcome::LikelyWorks; }
  [[nodiscard]] bool tried() const { return outcome == Outcome::Works || outcome == Outcome::Fails; }
};

// "Works" with that message, or "Fails" with the error's message and hint.
HostCheck make_check(std::string name, const Result<std::string>& found);

// Runs `check` in a child process, so that its changes (namespaces, limits, descriptors) end with it. The
// child is killed after `limit`; then, and when it crashes, the check is Untried with that message. Blocks
// until the child has ended. The caller must have one thread.
HostCheck check_apart(const std::string& name, Millis limit, const std::function<HostCheck()>& check);

}  // namespace rollctl
