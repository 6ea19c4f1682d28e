// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "app/app_change.h"
#include "rollctl/change_options.h"
#include "rollctl/cli_command.h"

namespace rollctl {

// The common part of all commands that move traffic. Each of them decides which change it wants.
class ChangeCommand : public CliCommand {
 public:
  // `takes`: options beside those that all take (MovingOptions::Takes).
  ChangeCommand(AppCommand command, unsigned takes) : takes_(takes) { call_.command = command; }

  void declare(Options& options) override;
  int run(Context& context) final;

 protected:
  // Declares the arguments and options of this command alone.
  virtual void declare_own(Options&) {}
  // See ChangeCall::decision.
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

}  // namespace rollctl
