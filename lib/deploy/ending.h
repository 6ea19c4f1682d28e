// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/instance_id.h"
#include "base/result.h"

namespace rollctl {

// Why an act did not go through. Every failure of a change is one of these.
struct Ending {
  enum class Kind {
    InstanceFailed,  // `instance` says which, Member::trouble_text why
    HookFailed,
    HostFailed,   // the journal, the kernel or the file system refused what was asked
    Interrupted,  // by a first signal
    Abandoned,    // by a second signal
  };

  Ending(Kind why, std::string text, std::string advice = {}, InstanceId id = 0)
      : kind(why), reason(std::move(text)), hint(std::move(advice)), instance(id) {}
  // HostFailed. Implicit, so that ROLL_TRY turns the error of a Status into the ending of an act.
  Ending(Error error)
      : kind(Kind::HostFailed), reason(std::move(error.message)), hint(std::move(error.hint)) {}

  Kind kind;
  std::string reason;
  std::string hint;
  InstanceId instance = 0;
};

// The result of a step of a change: nothing where it was done, else why the change ends here.
using Act = tl::expected<void, Ending>;

inline tl::unexpected<Ending> fail(Ending ending) {
  return tl::unexpected<Ending>(std::move(ending));
}

[[nodiscard]] inline bool ended_as(const Act& act, Ending::Kind kind) {
  return !act && act.error().kind == kind;
}

}  // namespace rollctl
