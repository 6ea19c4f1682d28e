// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "base/fd.h"
#include "base/process_ref.h"

namespace rollctl {

// What is known of a shim that was started and has not connected yet.
struct StartedShim {
  std::optional<ProcessRef> process;  // where its launcher knows it at once
  Fd output;                          // what it writes; none where that goes to the journal
};

}  // namespace rollctl
