// SPDX-License-Identifier: MIT
#include "rollctl/change_command.h"
#include "rollctl/commands.h"

namespace rollctl {

namespace {

class Stop final : public ChangeCommand {
 public:
  Stop() : ChangeCommand(AppCommand::Stop, MovingOptions::NothingMore) {}

 private:
  Result<std::optional<RolloutRequest>> decide(ChangeSession& session, const TargetApp& app) override {
    AppState& state = session.state();
    auto current = state.current();
    if (!current) return fail(current.error());
    const auto instances = state.count_instances();
    if (!instances) return fail(instances.error());
    if (*instances == 0 && state.history().wanted() == 0) return std::nullopt;
    RolloutRequest request =
        request_for(call(), state.history(), *current ? **current : GenerationSpec{app.name, {}, 0, {}});
    request.shape = RolloutRequest::Shape::Stop;
    request.previous = std::move(*current);
    return request;
  }
};

}  // namespace

constinit const CommandEntry kStopCommand{"stop", "Drain and stop all instances", make_command<Stop>,
                                          "  rollctl stop web\n"
                                          "  rollctl stop web --drain-deadline 10s\n"};

}  // namespace rollctl
