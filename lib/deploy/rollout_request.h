// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/clock.h"
#include "config/generation_spec.h"
#include "process/app_command.h"
#include "process/shim_client.h"

namespace rollctl {

enum class AfterShift { AwaitDrains, Detach };

// Which hooks a change runs.
enum class HookUse {
  All,
  Harmless,  // those that cannot refuse: the way out does not depend on the others
  None,
};

// The change that a command wants of its app. Plain data, one field for each decision that a command or the
// app file makes: all options are applied and checked.
struct RolloutRequest {
  enum class Shape {
    Replace,   // deploy, rollback, restart: every instance that is there leaves
    TopUp,     // start, scale: missing instances start, or surplus ones leave; failed ones are replaced
    Stop,      // every instance leaves, none comes
    Promote,   // the canary becomes one of the wanted, every other instance leaves
    Withdraw,  // abort: the canary leaves
    Reweigh,   // canary: it gets another share
  };

  AppCommand command = AppCommand::Deploy;
  Shape shape = Shape::Replace;
  GenerationSpec spec;                     // of the instances that start
  std::optional<GenerationSpec> previous;  // of those that serve, to start them again where the change fails
  std::string from;                        // the release that serves; empty: none
  int instances = 1;
  Batch batch;
  // Percent. With Replace one new instance gets the first share; where `bake` is not 0, it gets the others
  // one after the other, and the rest follows. With Reweigh the share of the canary. Empty: no canary.
  std::vector<double> canary;
  // With Replace: the generation whose instances serve again if they stand by; those of others end.
  std::optional<int64_t> returns_to;
  Millis ready_deadline{30'000};
  Millis bake{0};
  Millis settle{3000};
  Millis hold{0};  // instances that leave stand by this long
  DrainOrder drain;
  AfterShift after_shift = AfterShift::AwaitDrains;
  std::string note;
  HookUse hooks = HookUse::All;
  Caller caller;
  std::set<std::string> obsolete_releases;  // whose files may be deleted after the change; for hooks
  // Keeps the specification, which a rollback starts again. Called while the first new servers start, before
  // clients come to them. After it returned, a reboot does not lose the specification. May be empty.
  std::function<Status(const GenerationSpec&)> keep;
  // Called when this process begins to attend a canary or a standby. May be empty.
  std::function<void()> on_attend;
};

}  // namespace rollctl
