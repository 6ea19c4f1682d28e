// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>

#include "config/app_config.h"

namespace rollctl {

// Lists the releases on this host: for "/srv/web/{release}/bin/web" the names of the folders in /srv/web.
// Only paths with {release} directly after a `/` count. Untrusted users may write there: skips names that are
// not valid releases and reads at most 100,000 entries per folder.
std::set<std::string> release_folders(const AppConfig& config, const std::string& app);

}  // namespace rollctl
