// SPDX-License-Identifier: MIT
#pragma once

#include "process/launcher.h"

namespace rollctl {

// Runs the shim as the main process of a transient unit, through systemd-run(1), which knows the syntax of
// every property. Needs `spec.unit`. The output of shim and server goes to the journal. Blocks until systemd
// has executed the shim; Failed with systemd's message if it did not.
class SystemdLauncher final : public Launcher {
 public:
  Result<StartedShim> start(const std::string& shim_program, const LaunchSpec& spec) override;
};

}  // namespace rollctl
