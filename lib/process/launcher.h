// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "process/launch_spec.h"
#include "process/started_shim.h"

namespace rollctl {

// Starts `SHIM_PROGRAM RUN_DIR` so that it outlives the caller and the caller's session: in a new session
// without a terminal, with a new session keyring, umask 022, standard input from /dev/null, standard output
// and error to an unnamed file or the journal, no other descriptor, and the run directory as working
// directory.
class Launcher {
 public:
  virtual ~Launcher() = default;

  // Blocks until the shim was executed or, with systemd, until systemd has accepted the job.
  virtual Result<StartedShim> start(const std::string& shim_program, const LaunchSpec& spec) = 0;
};

// Forks twice, so that init or the nearest subreaper becomes the shim's parent. The environment is empty.
class DirectLauncher final : public Launcher {
 public:
  Result<StartedShim> start(const std::string& shim_program, const LaunchSpec& spec) override;
};

// The error for a shim that ended before its launch, with its own output.
Error ended_early(const LaunchSpec& spec, const Fd& output);

}  // namespace rollctl
