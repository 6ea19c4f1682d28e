// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "app/app_change.h"
#include "rollctl/options.h"

namespace rollctl {

// The options of the commands that move traffic.
struct MovingOptions {
  std::string app;
  ChangeOptions change;
  bool detach = false;
  bool strict = false;
  bool dry_run = false;
  bool no_hooks = false;
  std::optional<Millis> wait_lock;

  // Options that only some of these commands have.
  enum Takes : unsigned {
    NothingMore = 0,
    Batch = 1,
    ReadyDeadline = 2,
    Hold = 4,
    AppAndCanary = 8,
  };
  static constexpr unsigned kForReplacements = Batch | ReadyDeadline | Hold;

  void declare_app(Options& options);
  void declare(Options& options, unsigned takes);
};

}  // namespace rollctl
