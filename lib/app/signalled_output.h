// SPDX-License-Identifier: MIT
#pragma once

namespace rollctl {

// The output of a command that handles signals itself.
class SignalledOutput {
 public:
  virtual ~SignalledOutput() = default;

  // From now on a slow reader does not block the process.
  virtual void outlive_signals() = 0;
};

}  // namespace rollctl
