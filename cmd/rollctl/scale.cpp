// SPDX-License-Identifier: MIT
#include "rollctl/change_command.h"
#include "rollctl/commands.h"

namespace rollctl {

namespace {

class Scale final : public ChangeCommand {
 public:
  Scale() : ChangeCommand(AppCommand::Scale, MovingOptions::Batch | MovingOptions::ReadyDeadline) {}

 private:
  void declare_own(Options& options) override {
    options.parsed_argument(
        "N",
        [this](const std::string& text) -> Status {
          const auto count = InstanceCount::parse(text);
          if (!count) return fail(count.error());
          count_ = count->resolve();
          return {};
        },
        "Number of instances, or `cpus`");
  }

  Result<std::optional<RolloutRequest>> decide(ChangeSession& session, const TargetApp&) override {
    AppState& state = session.state();
    if (Status free = state.check_no_canary(); !free) return fail(free.error());
    auto running = state.running();
    if (!running) return fail(running.error());
    const auto unchanged = state.serves_with(count_);
    if (!unchanged) return fail(unchanged.error());
    if (state.history().instances == count_ && *unchanged) return std::nullopt;
    RolloutRequest request = request_for(call(), state.history(), *running);
    request.shape = RolloutRequest::Shape::TopUp;
    request.instances = count_;
    request.previous = std::move(*running);
    return request;
  }

  int count_ = 0;
};

}  // namespace

constinit const CommandEntry kScaleCommand{"scale", "Change the number of instances", make_command<Scale>,
                                           "  rollctl scale web 4\n"
                                           "  rollctl scale web cpus\n"};

}  // namespace rollctl
