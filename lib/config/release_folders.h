// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>

#include "config/app_config.h"

namespace rollctl {

// The releases that lie on this host: the names of the folders that stand where the app file says {release},
// as the first thing behind a `/`: those of /srv/web for "/srv/web/{release}/bin/web". Others may write these
// folders: what is no name of a release is left out, and of the entries of a folder only the first 100,000
// are looked at.
std::set<std::string> release_folders(const AppConfig& config, const std::string& app);

}  // namespace rollctl
