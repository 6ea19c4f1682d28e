// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file_lock.h"
#include "base/process_ref.h"
#include "base/result.h"

namespace rollctl {

// The rollctl that holds an app's lock, as the next one finds it.
struct LockHolder {
  ProcessId process;
  std::string user;
  std::string command;  // "deploy web v2"
  WallTime since;
  // It stays with a canary until somebody decides: SIGUSR1 promotes it, SIGINT ends it.
  bool attends = false;
};

// Takes the app's lock; Busy, naming the holder, where another rollctl has it. Waits, at most `patience`, for
// a holder without a name: a shim that acts on its own account for a moment, or a rollctl that is leaving;
// and 50 ms for one with a name, whose change may just have ended. `pause` is called between two tries;
// empty: sleeps.
Result<FileLock> lock_app(const std::string& lock_path, const LockHolder& self,
                          Millis patience = Millis(1000), const std::function<void(Millis)>& pause = {});

// Tells that the holder's change has ended: it lets go as soon as it has tidied up.
Status describe_leaving(FileLock& lock, const LockHolder& self);

// Tells that the holder stays with a canary from now on.
Status describe_attending(FileLock& lock, LockHolder self);

// Who holds the lock now, without touching it; nothing where nobody does (its process has gone: ESRCH), or
// where the file does not tell. An error where it could not be looked at.
Result<std::optional<LockHolder>> lock_holder(const std::string& lock_path);

}  // namespace rollctl
