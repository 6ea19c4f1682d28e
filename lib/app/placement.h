// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "deploy/launching.h"
#include "state/paths.h"

namespace rollctl {

// Chooses the id, paths and launch of each new instance of an app; ids are never reused. Starts no process
// and creates no file.
class Placement {
 public:
  // `paths` is borrowed.
  Placement(const Paths& paths, std::string app) : paths_(paths), app_(std::move(app)) {}

  // Ids up to `last` are taken.
  void used_up_to(InstanceId last);

  // Reserves the next instance before its specification is known: enough to start its shim. The next place()
  // uses the same id.
  LaunchSpec reserve();
  // The reserved instance was not launched.
  void forget_reserved() { reserved_.reset(); }

  // The launch of an instance of `spec`. Unsupported if this host lacks the required launcher; else the
  // errors of make_launch_spec() and make_probe_spec().
  Result<LaunchPlace> place(const GenerationSpec& spec);

 private:
  const Paths& paths_;
  std::string app_;
  InstanceId last_ = 0;
  std::optional<InstanceId> reserved_;
};

}  // namespace rollctl
