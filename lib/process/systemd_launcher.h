// SPDX-License-Identifier: MIT
#pragma once

#include "process/launcher.h"

namespace rollctl {

// The shim as the main process of a transient unit, made with systemd-run(1), which knows how each property
// is written. Needs `spec.unit`. Its output and its server's go to the journal. The shim's process is not
// known at once. Blocks until systemd has executed the shim; Failed, in systemd's own words, where it did
// not.
class SystemdLauncher final : public Launcher {
 public:
  Result<StartedShim> start(const std::string& shim_program, const LaunchSpec& spec) override;
};

}  // namespace rollctl
