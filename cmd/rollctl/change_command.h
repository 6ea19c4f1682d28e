// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "app/app_change.h"
#include "rollctl/change_options.h"
#include "rollctl/cli_command.h"

namespace rollctl {

// Base of the commands that move traffic. A subclass decides which change to make.
class ChangeCommand : public CliCommand {
 public:
  // `takes`: the optional options of this command (MovingOptions::Takes).
  ChangeCommand(AppCommand command, unsigned takes) : takes_(takes) { call_.command = command; }

  void declare(Options& options) override;
  int run(Context& context) final;

 protected:
  // Declares the arguments and options that only this command has.
  virtual void declare_own(Options&) {}
  // See ChangeCall::decision.
  [[nodiscard]] virtual std::optional<CanaryDecision> decision() const { return std::nullopt; }
  // The change to make; nothing if the app is already in the wanted state.
  virtual Result<std::optional<RolloutRequest>> decide(ChangeSession& session, const TargetApp& app) = 0;

  [[nodiscard]] const ChangeCall& call() const { return call_; }
  // For declare_own() to fill.
  [[nodiscard]] ChangeOptions& options() { return options_.change; }

 private:
  unsigned takes_;
  MovingOptions options_;
  ChangeCall call_;
};

}  // namespace rollctl
