// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// Opens files that another user may have replaced: open(2) of a FIFO, a device or a leased file (fcntl(2))
// can block, and some devices act on open(2).

// Opens a regular file of any owner for reading, following links. Invalid, naming the file type, for any
// other file, which is not opened. EAGAIN for a leased file. Neither open nor read blocks.
Result<Fd> open_regular(const std::string& path);

// The same for `found`, which was opened with O_PATH.
Result<Fd> open_regular(const Fd& found, const std::string& path);

// Invalid, naming the file type, unless it is a regular file.
Status check_regular(const struct stat& info, const std::string& path);

}  // namespace rollctl
