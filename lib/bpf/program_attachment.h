// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"

namespace rollctl {

// Lets the program choose for the whole SO_REUSEPORT group of a listening socket, in place of any earlier
// one.
Status attach_steer_program(int listener_fd, int program_fd);

// Lets the kernel hash again. A group without a program is fine.
Status detach_steer_program(int listener_fd);

}  // namespace rollctl
