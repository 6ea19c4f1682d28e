// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "base/fd.h"
#include "base/process_ref.h"

namespace rollctl {

// A shim that was started and has not connected yet.
struct StartedShim {
  std::optional<ProcessRef> process;  // nothing under systemd: known once the shim connects
  Fd output;  // the file with the shim's output; no Fd if the output goes to the journal
};

}  // namespace rollctl
