// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/fd.h"

namespace roll {

// The file that a server's standard output and error go to, opened to append to; made where there is none.
// None, and errno, where that fails. Makes a system call and nothing else.
Fd open_log(const std::string& path);

}  // namespace roll
