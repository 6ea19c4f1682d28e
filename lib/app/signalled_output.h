// SPDX-License-Identifier: MIT
#pragma once

namespace roll {

// The output of a command that has something in hand: signals are counted there instead of ending it.
class SignalledOutput {
 public:
  virtual ~SignalledOutput() = default;

  // From now on no output holds anybody up, and SIGINT and SIGTERM do not end the process.
  virtual void outlive_signals() = 0;
  // A signal has come: from now on nobody waits long for output.
  virtual void told_to_end() = 0;
};

}  // namespace roll
