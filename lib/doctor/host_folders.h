// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <vector>

#include "doctor/host_check.h"
#include "state/paths.h"

namespace rollctl {

// What a user's apps find on this host, changing nothing:
//   "folders"    those of running instances and of journals may be made and written, and lie on a file system
//                of this host: locks are not to be trusted on another one's
//   "shim"       roll-shim is where rollctl looks for it
//   "files"      how many files a server may have open
//   "systemd"    it can start instances as units of its own
//   "lingering"  of an ordinary user: servers and their folder outlive the last log-out
// `paths` as Paths::resolve() gave it. Reads a few files; never blocks.
std::vector<HostCheck> check_folders(uid_t uid, const Result<Paths>& paths);

}  // namespace rollctl
