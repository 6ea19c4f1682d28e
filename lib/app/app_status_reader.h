// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "app/app_status.h"
#include "loop/loop.h"
#include "state/paths.h"

namespace roll {

// How an app stands: what its journal says was meant, and what is found running. Takes no lock and changes
// nothing. Waits once for those shims that do not answer (kShimPatience).
Result<AppStatus> look_at_app(Loop& loop, const Paths& paths, const std::string& app);

}  // namespace roll
