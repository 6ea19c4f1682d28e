// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace rollctl {

// One thing that this host can do or not.
struct HostCheck {
  enum class Outcome {
    Works,        // it was done
    Fails,        // it was tried, and did not work
    LikelyWorks,  // it could not be tried; as far as can be told it would work
    Untried,      // it could not be tried, and nothing is known
  };
  enum class Need { Always, Better };  // Always: no deploy goes well without it

  std::string name;  // "steer-ebpf": one word, never changed
  Outcome outcome = Outcome::Untried;
  std::string message;  // what was found, or why not; one line
  std::string hint;     // a command, or words, that would make it work; empty where nothing helps
  Need need = Need::Better;

  [[nodiscard]] bool ok() const { return outcome == Outcome::Works || outcome == Outcome::LikelyWorks; }
  [[nodiscard]] bool tried() const { return outcome == Outcome::Works || outcome == Outcome::Fails; }
};

// "Works" with that message, or "Fails" with the error's message and hint.
HostCheck make_check(std::string name, const Result<std::string>& found);

// Runs `check` in a child process, so that nothing it does to its process (namespaces, limits, descriptors)
// stays, and kills the child after `limit`: then, and when it dies, the check is Untried and says so. The
// caller must have one thread. Blocks until it is over.
HostCheck check_apart(const std::string& name, Millis limit, const std::function<HostCheck()>& check);

}  // namespace rollctl
