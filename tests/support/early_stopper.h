// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/fd.h"

namespace rollctl::test {

// A user who stops (SIGSTOP) the first process below this one that he may: one that has just changed to him,
// and has executed nothing yet. He lives until he has, or this object goes. Only root can make one.
class EarlyStopper {
 public:
  explicit EarlyStopper(uid_t user);
  ~EarlyStopper();
  EarlyStopper(const EarlyStopper&) = delete;
  EarlyStopper& operator=(const EarlyStopper&) = delete;

  // The process that he has stopped. Blocks.
  std::optional<pid_t> await(Millis patience);

  // A PATH that takes long to look through, so that he has the time.
  static std::string long_path();

 private:
  pid_t pid_ = -1;
  Fd stopped_;
};

}  // namespace rollctl::test
