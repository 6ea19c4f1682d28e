// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/fd.h"

namespace rollctl::test {

// A process of another user that stops (SIGSTOP) the first descendant of this process that it may signal: one
// that has just changed to that user and not executed its program yet. It runs until then or until this
// object is destroyed. Needs root.
class EarlyStopper {
 public:
  explicit EarlyStopper(uid_t user);
  ~EarlyStopper();
  EarlyStopper(const EarlyStopper&) = delete;
  EarlyStopper& operator=(const EarlyStopper&) = delete;

  // The stopped process. Blocks.
  std::optional<pid_t> await(Millis patience);

  // A PATH whose search takes long enough for the stop.
  static std::string long_path();

 private:
  pid_t pid_ = -1;
  Fd stopped_;
};

}  // namespace rollctl::test
