// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "rollctl/change_command.h"
#include "rollctl/commands.h"

namespace rollctl {

namespace {

class Canary final : public ChangeCommand {
 public:
  Canary() : ChangeCommand(AppCommand::Canary, MovingOptions::NothingMore) {}

 private:
  void declare_own(Options& options) override {
    options.parsed_argument(
        "P%",
        [this](const std::string& text) -> Status {
          ROLL_TRY_ASSIGN(percent_, parse_percent(text));
          return {};
        },
        "Share of the new connections, at least 0% and less than 100%");
  }

  Result<std::optional<RolloutRequest>> decide(ChangeSession& session, const TargetApp& app) override {
    AppState& state = session.state();
    const auto canary = state.canary();
    if (!canary) return fail(canary.error());
    if (!*canary)
      return fail(ErrorKind::Failed, fmt::format("{} has no canary that could get another share", app.name),
                  fmt::format("rollctl deploy {} RELEASE --canary 10%", app.name));
    const auto serves = state.canary_serves();
    if (!serves) return fail(serves.error());
    if (!*serves)
      return fail(ErrorKind::Failed,
                  fmt::format("the canary of {} no longer serves, so it gets no share", (*canary)->release),
                  fmt::format("see `rollctl logs {0}`, then `rollctl abort {0}`", app.name));
    return reweigh_canary(call(), state, **canary, percent_);
  }

  double percent_ = 0;
};

}  // namespace

constinit const CommandEntry kCanaryCommand{"canary", "Change the share of a canary", make_command<Canary>,
                                            "  rollctl canary web 25%\n"
                                            "  rollctl canary web 0%\n"};

}  // namespace rollctl
