// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "rollctl/change_command.h"
#include "rollctl/commands.h"

namespace rollctl {

namespace {

class Promote final : public ChangeCommand {
 public:
  Promote() : ChangeCommand(AppCommand::Promote, MovingOptions::kForReplacements) {}

 private:
  [[nodiscard]] std::optional<CanaryDecision> decision() const override { return CanaryDecision::Promote; }

  Result<std::optional<RolloutRequest>> decide(ChangeSession& session, const TargetApp& app) override {
    AppState& state = session.state();
    const auto canary = state.canary();
    if (!canary) return fail(canary.error());
    if (!*canary)
      return fail(ErrorKind::Failed, fmt::format("{} has no canary to promote", app.name),
                  fmt::format("rollctl deploy {} RELEASE --canary 10%", app.name));
    const StandingCanary& standing = **canary;
    const auto serves = state.canary_serves();
    if (!serves) return fail(serves.error());
    if (!*serves)
      return fail(
          ErrorKind::Failed,
          fmt::format("the canary of {} no longer serves, so it cannot be promoted", standing.release),
          fmt::format("see `rollctl logs {0}`, then `rollctl abort {0}`", app.name));
    auto spec = state.generation(standing.generation);
    if (!spec) return fail(spec.error());
    auto current = state.current();
    if (!current) return fail(current.error());
    RolloutRequest request = request_for(call(), state.history(), std::move(*spec));
    request.shape = RolloutRequest::Shape::Promote;
    request.instances = standing.instances;
    request.bake = Millis(0);  // the user has decided: no more baking
    request.previous = std::move(*current);
    return request;
  }
};

}  // namespace

constinit const CommandEntry kPromoteCommand{"promote", "End a canary: its release takes all connections",
                                             make_command<Promote>,
                                             "  rollctl promote web\n"
                                             "  rollctl promote web --hold 10m\n"};

}  // namespace rollctl
