// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/app_config.h"
#include "config/generation_spec.h"

namespace roll {

// Who starts the shims of an app here and now: `launcher`, with auto resolved.
struct LauncherChoice {
  InstancePlace::Launcher launcher = InstancePlace::Launcher::Direct;
  std::string warning;  // what of the app file has no effect with it; or empty
};

// Unsupported where the app insists on systemd and there is none that could. Never blocks.
Result<LauncherChoice> choose_launcher(const AppConfig& config);

std::string launcher_name(InstancePlace::Launcher launcher);

}  // namespace roll
