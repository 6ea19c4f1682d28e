// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "config/app_config.h"
#include "process/launch_spec.h"

namespace rollctl {

// How rollctl starts the shims of an app on this host: `launcher` of the app file, with "auto" resolved.
struct ResolvedLauncher {
  std::optional<UnitSpec> unit;  // systemd unit of a shim; empty: rollctl starts shims itself
  std::string warning;           // settings of the app file without effect; or empty

  // "systemd" or "direct", as in the app file.
  [[nodiscard]] std::string name() const { return unit ? "systemd" : "direct"; }
};

// Unsupported if the app file requires systemd and this host has no usable one. Never blocks.
Result<ResolvedLauncher> resolve_launcher(const AppConfig& config);

}  // namespace rollctl
