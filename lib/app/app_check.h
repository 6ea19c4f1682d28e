// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "app/app_source.h"
#include "base/error.h"
#include "state/paths.h"

namespace rollctl {

// How an app's description suits this host.
struct AppFindings {
  std::string handover;    // the way that a deploy would take; empty: none
  std::string launcher;    // "systemd" or "direct"; empty: none
  std::string warning;     // what of the app file has no effect here; or empty
  size_t descriptors = 0;  // that a change takes at most
  std::vector<Error> errors;
};

// Looks at everything that can be seen without starting or changing anything. An error: the app file cannot
// be used, or the host could not be asked. Blocks for at most ten seconds per shim that does not answer.
Result<AppFindings> check_app(const Paths& paths, const AppName& app);

}  // namespace rollctl
