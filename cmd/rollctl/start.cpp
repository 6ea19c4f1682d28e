// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "rollctl/change_command.h"
#include "rollctl/commands.h"

namespace rollctl {

namespace {

class Start final : public ChangeCommand {
 public:
  Start() : ChangeCommand(AppCommand::Start, MovingOptions::Batch | MovingOptions::ReadyDeadline) {}

 private:
  Result<std::optional<RolloutRequest>> decide(ChangeSession& session, const TargetApp& app) override {
    AppState& state = session.state();
    auto current = state.current();
    if (!current) return fail(current.error());
    if (!*current)
      return fail(ErrorKind::NotFound, fmt::format("{} has no completed release to start", app.name),
                  fmt::format("rollctl deploy {} RELEASE", app.name));
    const auto unchanged = state.serves_with(state.history().instances);
    if (!unchanged) return fail(unchanged.error());
    if (!state.history().stopped && *unchanged) return std::nullopt;
    RolloutRequest request = request_for(call(), state.history(), **current);
    request.shape = RolloutRequest::Shape::TopUp;
    request.previous = std::move(*current);
    return request;
  }
};

}  // namespace

constinit const CommandEntry kStartCommand{"start", "Start the instances that are missing",
                                           make_command<Start>,
                                           "  rollctl start web\n"
                                           "  rollctl start web --batch all\n"};

}  // namespace rollctl
