// SPDX-License-Identifier: MIT
#pragma once

namespace rollctl {

// The output of a command that has something in hand, which signals do not simply end.
class SignalledOutput {
 public:
  virtual ~SignalledOutput() = default;

  // From now on no output holds up the process.
  virtual void outlive_signals() = 0;
};

}  // namespace rollctl
