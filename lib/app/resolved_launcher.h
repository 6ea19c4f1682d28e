// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "config/app_config.h"
#include "process/launch_spec.h"

namespace rollctl {

// How shims of an app are started here and now: `launcher` of its file, with auto resolved.
struct ResolvedLauncher {
  std::optional<UnitSpec> unit;  // in which systemd starts them; nothing: rollctl starts them itself
  std::string warning;           // what of the app file has no effect then; or empty

  // "systemd" or "direct", as in the app file.
  [[nodiscard]] std::string name() const { return unit ? "systemd" : "direct"; }
};

// Unsupported where the app insists on systemd and there is none that could. Never blocks.
Result<ResolvedLauncher> resolve_launcher(const AppConfig& config);

}  // namespace rollctl
