// SPDX-License-Identifier: MIT
#include "app/start_check.h"
#include "config/pinned_release.h"
#include "rollctl/change_command.h"
#include "rollctl/commands.h"

namespace rollctl {

namespace {

class Restart final : public ChangeCommand {
 public:
  Restart() : ChangeCommand(AppCommand::Restart, MovingOptions::kForReplacements) {}

 private:
  Result<std::optional<RolloutRequest>> decide(ChangeSession& session, const TargetApp& app) override {
    AppState& state = session.state();
    if (Status free = state.check_no_canary(); !free) return fail(free.error());
    auto running = state.running();
    if (!running) return fail(running.error());
    // The current app file: a restart applies its changes.
    GenerationSpec spec{app.name, running->release, state.history().last_generation + 1,
                        app.description->config};
    pin_release(spec);
    if (const auto check = check_start(session.paths(), spec); !check.findings.empty())
      return fail(check.findings.front());
    RolloutRequest request = request_for(call(), state.history(), std::move(spec));
    request.previous = std::move(*running);
    return request;
  }
};

}  // namespace

constinit const CommandEntry kRestartCommand{"restart", "Roll the same release again", make_command<Restart>,
                                             "  rollctl restart web\n"
                                             "  rollctl restart web --batch all\n"};

}  // namespace rollctl
