// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include "base/result.h"

namespace roll {

// What a program of rollctl's does before anything else, whoever calls it and with whatever.

// Opens those of descriptors 0, 1 and 2 that the caller has closed on /dev/null: 0 to read from, 1 and 2 to
// write to. Else the first files that are opened, a lock or a map of the kernel's, would get these numbers,
// and messages would be written into them.
Status open_standard_descriptors();

// How many descriptors the caller let this program have (RLIMIT_NOFILE), whatever the program has made of it
// since: those whom it starts get that. From before main().
const rlimit& given_descriptor_limit();

}  // namespace roll
