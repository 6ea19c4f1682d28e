// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "bpf/http_close_program.h"

namespace rollctl {

// A program that has changed a response between two sockets of this process on 127.0.0.1, each byte of which
// was compared: nothing but this shows that it fits this kernel. Blocks for 30 ms, at most 2 s longer. Errors
// as HttpCloseProgram::load(); Unsupported also where a byte is wrong.
Result<HttpCloseProgram> load_tried_http_close();

}  // namespace rollctl
