// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"

namespace rollctl {

// Opens /dev/null as each of the descriptors 0, 1 and 2 that the caller has closed. Call it first in main():
// else a lock or BPF map could get number 2, and messages would be written into it.
Status open_standard_descriptors();

}  // namespace rollctl
