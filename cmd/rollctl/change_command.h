// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "app/app_change.h"
#include "rollctl/change_options.h"
#include "rollctl/cli_command.h"

namespace roll {

// A command that moves traffic: what all of these have in common. Each says what it wants of the app.
class ChangeCommand : public CliCommand {
 public:
  // The app and the options that `takes` names (MovingOptions).
  ChangeCommand(AppCommand command, unsigned takes) : takes_(takes) { call_.command = command; }

  void declare(Options& options) override;
  int run(Context& context) final;

 protected:
  // What stands between APP and the options.
  virtual void declare_own(Options&) {}
  // What the command decides where another rollctl stays with a canary; nothing: it has to wait.
  [[nodiscard]] virtual std::optional<CanaryDecision> decision() const { return std::nullopt; }
  // The change that it wants; nothing where everything is as wanted already.
  virtual Result<std::optional<RolloutRequest>> decide(ChangeSession& session, const TargetApp& app) = 0;

  [[nodiscard]] const ChangeCall& call() const { return call_; }
  // To be filled in by options of the command's own.
  [[nodiscard]] ChangeOptions& options() { return options_.change; }

 private:
  unsigned takes_;
  MovingOptions options_;
  ChangeCall call_;
};

}  // namespace roll
