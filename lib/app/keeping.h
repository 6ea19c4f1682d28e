// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "config/app_config.h"
#include "state/paths.h"

namespace rollctl {

// What [keep] of the app file lets go when a change has succeeded.
struct Leftovers {
  std::vector<int64_t> generations;  // whose specifications go
  std::set<std::string> releases;    // that only those ran: their files may be deleted
};

// `needed`: generations that stay whatever their age, such as the one that serves and the target of a
// rollback. Of the others the newest stay, so that there are `keep.generations` in all.
Leftovers find_leftovers(const Paths& paths, const std::string& app, const KeepConfig& keep,
                         const std::set<int64_t>& needed);

// Deletes these specifications, and log files of instances that are gone and have not been written for
// `keep.logs`. What cannot be deleted stays: it does no harm.
void remove_leftovers(const Paths& paths, const std::string& app, const KeepConfig& keep,
                      const Leftovers& leftovers);

}  // namespace rollctl
