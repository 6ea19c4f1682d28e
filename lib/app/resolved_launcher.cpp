// SPDX-License-Identifier: MIT
#include "app/resolved_launcher.h"

#include <fmt/format.h>

#include "process/systemd_manager.h"

namespace rollctl {

Result<ResolvedLauncher> resolve_launcher(const AppConfig& config) {
  if (config.launcher == LauncherKind::Direct) return ResolvedLauncher{};
  const auto systemd = find_systemd();
  if (systemd) return ResolvedLauncher{UnitSpec{config.systemd}, {}};
  if (config.launcher == LauncherKind::Systemd)
    return fail(
        with_context(systemd.error(), fmt::format("{}launcher = \"systemd\" is not possible here",
                                                  config.source.empty() ? "" : config.source + ": ")));
  ResolvedLauncher direct;
  if (!config.systemd.empty())
    direct.warning = fmt::format("[systemd] has no effect: {}", systemd.error().message);
  return direct;
}

}  // namespace rollctl
