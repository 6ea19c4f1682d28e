// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <vector>

#include "doctor/host_check.h"
#include "state/paths.h"

namespace rollctl {

// Checks of folders, programs and limits for a user's apps. They change nothing:
//   "folders"    the folders of instances and journals can be made and written, and are on a local file
//   system,
//                because locks on a remote one are unreliable
//   "files"      how many files a server may have open
//   "systemd"    systemd can start instances as units
//   "lingering"  for an ordinary user: servers and their folder outlive the last log-out
// `paths` as Paths::resolve() gave it. Reads a few files; never blocks.
std::vector<HostCheck> check_folders(uid_t uid, const Result<Paths>& paths);

}  // namespace rollctl
