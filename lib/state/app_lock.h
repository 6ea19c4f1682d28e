// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/clock.h"
#include "base/file_lock.h"
#include "base/result.h"

namespace roll {

// Who holds an app's lock, for whoever finds it taken.
struct LockHolder {
  pid_t pid = 0;
  std::string user;
  std::string command;  // "deploy web v2"
  WallTime since;
};

// Takes the app's lock; Busy, naming the holder, where another rollctl has it. Never waits.
Result<FileLock> lock_app(const std::string& lock_path, const LockHolder& self);

}  // namespace roll
