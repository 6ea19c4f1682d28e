// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "deploy/ending.h"
#include "deploy/recorder.h"
#include "deploy/rollout_request.h"
#include "deploy/verdict.h"
#include "deploy/wait.h"

namespace rollctl {

// Runs the hooks of one change.
class ChangeHooks {
 public:
  // The request is borrowed: its specification replaces the placeholders of the commands, and the hooks are
  // told of the rest.
  ChangeHooks(World& world, Recorder& recorder, const RolloutRequest& request)
      : world_(world), recorder_(recorder), request_(request) {}

  // Blocks until the hook has ended. Does nothing where it has no command or the change runs no hook that can
  // refuse. HookFailed where it cannot be started, does not exit with 0 or exceeds its time. A signal that
  // comes meanwhile ends the hook: Interrupted, or Abandoned after a second one. So does `is_moot`.
  Act run(const char* name, const HookConfig& hook, const std::function<bool()>& is_moot = {});

  // Runs a hook whose failure changes nothing: it is only warned of.
  void try_run(const char* name, const HookConfig& hook, const std::function<bool()>& is_moot = {});

  // The same after the change, which ended like that.
  void try_run_after(const char* name, const HookConfig& hook, const Verdict& verdict);

 private:
  using Ended = std::shared_ptr<std::optional<Result<ExitStatus>>>;

  [[nodiscard]] Environment told() const;
  Act run_one(const char* name, const HookConfig& hook, const Environment& more,
              const std::function<bool()>& is_moot);
  void end(const Ended& ended);

  World& world_;
  Recorder& recorder_;
  const RolloutRequest& request_;
};

}  // namespace rollctl
