// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file_lock.h"
#include "base/process_ref.h"
#include "base/result.h"

namespace roll {

// Who holds an app's lock, for whoever finds it taken.
struct LockHolder {
  ProcessId process;
  std::string user;
  std::string command;  // "deploy web v2"
  WallTime since;
  // It stays with a canary until somebody decides: SIGUSR1 promotes it, SIGINT ends it.
  bool attends = false;
};

// Takes the app's lock; Busy, naming the holder, where another rollctl has it. Waits, at most `patience`,
// only for a shim that acts on its own account for a moment.
Result<FileLock> lock_app(const std::string& lock_path, const LockHolder& self,
                          Millis patience = Millis(1000));

// Tells that the holder stays with a canary from now on.
Status describe_attending(FileLock& lock, LockHolder self);

// Who holds the lock now, without touching it; nothing where nobody does (its process has gone: ESRCH), or
// where the file does not tell. An error where it could not be looked at.
Result<std::optional<LockHolder>> lock_holder(const std::string& lock_path);

}  // namespace roll
