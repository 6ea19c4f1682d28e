// SPDX-License-Identifier: MIT
#include "app/launcher_choice.h"

#include <fmt/format.h>

#include "process/systemd_manager.h"

namespace roll {

Result<LauncherChoice> choose_launcher(const AppConfig& config) {
  using Launcher = InstancePlace::Launcher;
  if (config.launcher == LauncherKind::Direct) return LauncherChoice{Launcher::Direct, {}};
  const auto systemd = find_systemd();
  if (systemd) return LauncherChoice{Launcher::Systemd, {}};
  if (config.launcher == LauncherKind::Systemd)
    return fail(
        with_context(systemd.error(), fmt::format("{}launcher = \"systemd\" is not possible here",
                                                  config.source.empty() ? "" : config.source + ": ")));
  LauncherChoice choice;
  if (!config.systemd.empty())
    choice.warning = fmt::format("[systemd] has no effect: {}", systemd.error().message);
  return choice;
}

std::string launcher_name(InstancePlace::Launcher launcher) {
  return launcher == InstancePlace::Launcher::Systemd ? "systemd" : "direct";
}

}  // namespace roll
