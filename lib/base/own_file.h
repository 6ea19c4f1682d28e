// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

#include "base/atomic_file.h"
#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// What rollctl believes because it, or root, has written it: records, journals, specifications, locks.
// Somebody else's is never believed: NotPermitted, with the reason. Nothing here waits for a FIFO, a device
// or a lease.

// Nobody but this user and root can put things into that folder, or another folder in its place. NotFound
// where there is none. Groups that may write into a folder above it are its owner's choice.
Status check_own_folder(const std::string& path);

// The same of a folder above such folders. In one with the sticky bit, as /tmp, everybody may have folders.
Status check_place_for_folders(const std::string& path);

// open(2) of a regular file, which no link leads to, of this user's or root's, that nobody else may write.
// The folder is the caller's to check. `mode` for O_CREAT. NotFound where there is none.
Result<Fd> open_own_file(const std::string& path, int flags, mode_t mode = 0);

// The whole text of such a file; more than `limit` bytes are an error of kind Invalid.
Result<std::string> read_own_file(const std::string& path, size_t limit = kLargestFile);

}  // namespace rollctl
