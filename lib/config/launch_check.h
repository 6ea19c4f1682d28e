// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/error.h"
#include "config/generation_spec.h"

namespace rollctl {

// Checks whether this host could launch an instance, without starting anything: the programs, the workdir and
// env_file exist and may be used, the user exists and rollctl may change to it. Each finding names file and
// key: Invalid, or NotPermitted. Empty if all is well. Ignores access lists. Without a release, before the
// first deploy, checks all but the files that depend on it.
std::vector<Error> check_launch(const GenerationSpec& spec);

}  // namespace rollctl
