// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "state/paths.h"

namespace rollctl {

// More words than this slow down a shell.
inline constexpr size_t kMostCandidates = 1000;

// Words that complete a command line. `kind` is "apps", or of an app "releases", "deployed" (releases),
// "generations" or "instances". Only valid names and numbers, which no shell has to quote. Empty for an
// unknown kind and if nothing can be read.
std::set<std::string> candidates(const Paths& paths, const std::string& kind, const std::string& app);

}  // namespace rollctl
