// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "process/launch_spec.h"
#include "process/started_shim.h"

namespace rollctl {

// Gets `SHIM_PROGRAM RUN_DIR` to run, so that it outlives the caller and everything that the caller runs in:
// a session of its own without a terminal, a session keyring of its own, mask 022, standard input /dev/null,
// standard output and error a file without a name or the journal, no other descriptor, the run directory as
// its working directory.
class Launcher {
 public:
  virtual ~Launcher() = default;

  // Blocks until the program was executed or, where somebody else does that, until the order was given.
  virtual Result<StartedShim> start(const std::string& shim_program, const LaunchSpec& spec) = 0;
};

// Forks twice, so that init (or the nearest subreaper) becomes the shim's parent. With an empty environment.
class DirectLauncher final : public Launcher {
 public:
  Result<StartedShim> start(const std::string& shim_program, const LaunchSpec& spec) override;
};

// What is said of a shim that did not wait for its orders, with what it said itself.
Error ended_early(const LaunchSpec& spec, const Fd& output);

}  // namespace rollctl
