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

// The rollctl that holds an app's lock, as described in the lock file.
struct LockHolder {
  ProcessId process;
  std::string user;
  std::string command;  // "deploy web v2"
  WallTime since;
  // It stays with a canary until a decision: SIGUSR1 promotes the canary, SIGINT ends it.
  bool attends = false;
};

// Takes the app's lock. Busy, naming the holder, if another rollctl holds it. Waits for a holder that is
// about to release it: at most `patience` for a shim that acts on its own or a rollctl that is leaving, which
// have no description in the file, and at most 50 ms for a rollctl whose change may just have ended. `pause`
// is called between two tries; empty: sleep.
Result<FileLock> lock_app(const std::string& lock_path, const LockHolder& self,
                          Millis patience = Millis(1000), const std::function<void(Millis)>& pause = {});

// Records that the holder's change has ended: it releases the lock after its cleanup.
Status describe_leaving(FileLock& lock, const LockHolder& self);

// Records that the holder stays with a canary from now on.
Status describe_attending(FileLock& lock, LockHolder self);

// The holder of the lock, read without taking the lock. Nothing if the lock is free (the process of the
// description has exited: ESRCH) or the file describes no holder. An error if the file cannot be read.
Result<std::optional<LockHolder>> lock_holder(const std::string& lock_path);

}  // namespace rollctl
