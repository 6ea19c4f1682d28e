// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "app/app_status.h"
#include "loop/loop.h"
#include "state/paths.h"

namespace rollctl {

// Reads the status of an app from its journal and its running instances. Takes no lock, changes nothing.
// Waits once for the shims that do not answer (kShimPatience).
Result<AppStatus> read_app_status(Loop& loop, const Paths& paths, const std::string& app);

// The same for one app, or for all known apps. `argument` is
// an APP argument (app_name_of()), or empty for all.
Result<std::vector<AppStatus>> read_app_statuses(Loop& loop, const Paths& paths, const std::string& argument);

}  // namespace rollctl
