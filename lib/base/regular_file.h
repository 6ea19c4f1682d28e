// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// Files that lie where others may put something else in their place. A FIFO, a device or a lease of its
// owner's, fcntl(2), would let an open(2) wait, and some devices act on being opened.

// For reading, whoever has made it and by whatever links. Anything but a regular file is looked at and not
// opened: Invalid, saying what stands there. A file whose owner holds a lease on it: EAGAIN. Reading it never
// waits.
Result<Fd> open_regular(const std::string& path);

// The same of what was found before: `found` was opened with O_PATH.
Result<Fd> open_regular(const Fd& found, const std::string& path);

// Invalid, saying what stands there, for anything but a regular file.
Status check_regular(const struct stat& info, const std::string& path);

}  // namespace rollctl
