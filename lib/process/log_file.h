// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/fd.h"

namespace rollctl {

// The files that servers' standard output and error go to. Their folder may be a server's user's own, who may
// then put something else there: only a regular file with no other name is opened, which no link leads to and
// which nobody makes wait. None, and errno, where that fails: EPERM for what is refused.

// To append to; made where there is none. It is root's, this user's or its folder's owner's. Makes system
// calls and nothing else.
Fd open_log(const std::string& path);

// What is there of it, whosever it is.
Fd open_log_to_read(const std::string& path);

}  // namespace rollctl
