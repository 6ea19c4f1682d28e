// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "rollctl/change_command.h"
#include "rollctl/commands.h"

namespace rollctl {

namespace {

class Abort final : public ChangeCommand {
 public:
  Abort() : ChangeCommand(AppCommand::Abort, MovingOptions::Batch | MovingOptions::ReadyDeadline) {}

 private:
  [[nodiscard]] std::optional<CanaryDecision> decision() const override { return CanaryDecision::Withdraw; }

  Result<std::optional<RolloutRequest>> decide(ChangeSession& session, const TargetApp& app) override {
    AppState& state = session.state();
    const auto canary = state.canary();
    if (!canary) return fail(canary.error());
    if (!*canary)
      return fail(ErrorKind::Failed, fmt::format("{} has no canary to abort", app.name),
                  fmt::format("see `rollctl status {}`", app.name));
    return withdraw_canary(call(), state, **canary);
  }
};

}  // namespace

constinit const CommandEntry kAbortCommand{"abort", "End a canary: the old release takes all connections",
                                           make_command<Abort>,
                                           "  rollctl abort web\n"
                                           "  rollctl abort web --note \"too many errors\"\n"};

}  // namespace rollctl
