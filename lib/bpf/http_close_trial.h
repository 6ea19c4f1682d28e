// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "bpf/http_close_program.h"

namespace rollctl {

// Lets the program change a response between two sockets of this process on 127.0.0.1, and compares each
// byte: nothing but this shows that it fits this kernel. Blocks for 1 ms, at most 2 s. Unsupported where a
// byte is wrong.
Status try_http_close(HttpCloseProgram& program);

}  // namespace rollctl
