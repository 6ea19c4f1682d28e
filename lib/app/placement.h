// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "deploy/acts.h"
#include "state/paths.h"

namespace rollctl {

// Makes up new instances of one app: an id that was never used, where its files are, how it is launched.
// Starts nothing and makes no file.
class Placement {
 public:
  // The paths are borrowed.
  Placement(const Paths& paths, std::string app) : paths_(paths), app_(std::move(app)) {}

  // No id up to this one is free.
  void used_up_to(InstanceId last);

  // The next instance as far as it is known before its specification is: enough to start its shim. The next
  // place() is for this one.
  LaunchSpec reserve();
  // No launch came of it.
  void forget_reserved() { reserved_.reset(); }

  // A launch of that generation, with the launcher that this host has now. Unsupported where it has not the
  // one that is insisted on; the errors of make_launch_spec() and make_probe_spec().
  Result<LaunchPlace> place(const GenerationSpec& spec);

 private:
  const Paths& paths_;
  std::string app_;
  InstanceId last_ = 0;
  std::optional<InstanceId> reserved_;
};

}  // namespace rollctl
