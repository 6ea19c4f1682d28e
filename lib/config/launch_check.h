// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/error.h"
#include "config/generation_spec.h"

namespace rollctl {

// Checks whether this host could launch an instance, without starting anything: the programs and the workdir
// exist and are executable, the user exists and rollctl may change to it. Each finding names file and key:
// Invalid, or NotPermitted. Empty if all is well. Ignores access lists.
std::vector<Error> check_launch(const GenerationSpec& spec);

}  // namespace rollctl
