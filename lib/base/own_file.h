// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

#include "base/atomic_file.h"
#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// Opens files that rollctl trusts because only this user or root can write them: records, journals,
// specifications, locks. A file of another user is NotPermitted, with the reason. Never blocks on a FIFO, a
// device or a lease.

// Checks that only this user and root can create files in the folder or replace it. NotFound if it is
// missing. A group that may write into a folder above it is accepted: the owner of that folder has chosen it.
Status check_own_folder(const std::string& path);

// The same for the parent of such folders; it may be world-writable with the sticky bit, like /tmp.
Status check_place_for_folders(const std::string& path);

// Opens a regular file, not through a link, that belongs to this user or root and that no other user may
// write. The caller has to check its folder. `mode` is for O_CREAT. NotFound if the file is missing.
Result<Fd> open_own_file(const std::string& path, int flags, mode_t mode = 0);

// Reads such a file; Invalid for more than `limit` bytes.
Result<std::string> read_own_file(const std::string& path, size_t limit = kLargestFile);

}  // namespace rollctl
