// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "app/app_source.h"
#include "base/error.h"
#include "config/pinned_release.h"
#include "state/paths.h"

namespace rollctl {

// The result of checking an app's description against this host.
struct AppFindings {
  std::string handover;    // that a deploy would use; empty if none works
  std::string launcher;    // "systemd" or "direct"; empty if none works
  std::string warning;     // settings without effect here, why it is not steered; or empty
  std::string advice;      // what could be better; or empty
  size_t descriptors = 0;  // the most that a change opens
  std::vector<PinnedPath> pinned;
  std::vector<Error> errors;
};

// Checks everything that can be checked without starting or changing
// anything. An error means that the app file is invalid or the host cannot
// be examined. Blocks for at most ten seconds per shim that does not answer.
Result<AppFindings> check_app(const Paths& paths, const AppName& app);

}  // namespace rollctl
