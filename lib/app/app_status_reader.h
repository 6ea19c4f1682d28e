// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "app/app_status.h"
#include "loop/loop.h"
#include "state/paths.h"

namespace rollctl {

// How an app stands: what its journal says was meant, and what is found running. Takes no lock and changes
// nothing. Waits once for those shims that do not answer (kShimPatience).
Result<AppStatus> look_at_app(Loop& loop, const Paths& paths, const std::string& app);

// The same of the app that was named, or of all that are known; `argument` as app_name_of() takes it, or
// empty.
Result<std::vector<AppStatus>> look_at_apps(Loop& loop, const Paths& paths, const std::string& argument);

}  // namespace rollctl
