// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"

namespace rollctl {

// Attaches the program to the whole SO_REUSEPORT group of a listening socket, in place of an earlier one.
Status attach_steer_program(int listener_fd, int program_fd);

// Detaches the group's program, if any: the kernel hashes again.
Status detach_steer_program(int listener_fd);

}  // namespace rollctl
