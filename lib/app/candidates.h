// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "state/paths.h"

namespace rollctl {

// A shell copes with so many.
inline constexpr size_t kMostCandidates = 1000;

// The words that may be typed where a command line names something of `kind`: apps, or of the app: releases,
// those that were deployed, generations or instances. Names and numbers alone, which no shell takes for
// anything else. Empty for another kind, and where nothing can be read.
std::set<std::string> candidates(const Paths& paths, const std::string& kind, const std::string& app);

}  // namespace rollctl
