// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/fd.h"

namespace rollctl {

// The files for standard output and error of servers. The folder may belong to a server's user, who can put a
// link, FIFO or device there. So only a regular file with one hard link is opened, no symbolic link is
// followed, and opening never blocks. On failure no Fd, and errno: EPERM for a file that is refused.

// Opens a log to append, and creates it if missing. It must belong to root, this user or the folder's owner.
// Makes system calls only.
Fd open_log(const std::string& path);

// Opens an existing log, whoever owns it.
Fd open_log_to_read(const std::string& path);

}  // namespace rollctl
