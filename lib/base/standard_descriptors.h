// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"

namespace rollctl {

// The first thing that a program does: opens those of descriptors 0, 1 and 2 that its caller has closed on
// /dev/null, 0 to read from, 1 and 2 to write to. Else the first files that it opens, a lock or a map of the
// kernel's, would get these numbers, and messages would be written into them.
Status open_standard_descriptors();

}  // namespace rollctl
