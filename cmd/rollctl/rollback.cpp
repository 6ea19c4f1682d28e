// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "app/start_check.h"
#include "rollctl/change_command.h"
#include "rollctl/commands.h"

namespace rollctl {

namespace {

class Rollback final : public ChangeCommand {
 public:
  Rollback() : ChangeCommand(AppCommand::Rollback, MovingOptions::kForReplacements) {}

 private:
  void declare_own(Options& options) override {
    options.text("--to", "RELEASE", to_release_, "Go back to this release");
    options.number("--to-generation", "N", to_generation_, "Go back to this generation");
    options.exclude("--to-generation", "--to");
  }

  [[nodiscard]] bool has_target() const { return to_release_ || to_generation_; }

  [[nodiscard]] Reach reach() const {
    if (to_generation_) return Reach::generation(*to_generation_);
    return to_release_ ? Reach::release(*to_release_) : Reach::rollback();
  }

  [[nodiscard]] std::optional<CanaryDecision> decision() const override {
    return has_target() ? std::nullopt : std::optional(CanaryDecision::Withdraw);
  }

  Result<std::optional<RolloutRequest>> decide(ChangeSession& session, const TargetApp& app) override {
    AppState& state = session.state();
    const auto canary = state.canary();
    if (!canary) return fail(canary.error());
    if (*canary && has_target()) return fail(state.check_no_canary().error());
    if (*canary) return withdraw_canary(call(), state, **canary);
    const auto history = state.read_history(reach());
    if (!history) return fail(history.error());
    const auto target = find_target(*history, app.name);
    if (!target) return fail(target.error());
    auto spec = state.generation(*target);
    if (!spec) return fail(spec.error());
    auto current = state.current();
    if (!current) return fail(current.error());
    const auto standby = state.stands_by(*target);
    if (!standby) return fail(standby.error());
    if (!*standby)
      if (const auto check = check_start(session.paths(), *spec); !check.findings.empty())
        return fail(check.findings.front());
    spec->generation = state.history().last_generation + 1;
    RolloutRequest request = request_for(call(), state.history(), std::move(*spec));
    request.returns_to = *target;
    request.previous = std::move(*current);
    return request;
  }

  [[nodiscard]] Result<int64_t> find_target(const History& history, const std::string& app) const {
    const std::string hint = fmt::format("see `rollctl history {}`", app);
    if (to_generation_) {
      if (history.completed(*to_generation_) != nullptr) return *to_generation_;
      return fail(ErrorKind::NotFound,
                  fmt::format("generation {} of {} was never completed", *to_generation_, app), hint);
    }
    if (to_release_) {
      if (const auto generation = history.completed_generation_of(*to_release_)) return *generation;
      return fail(ErrorKind::NotFound, fmt::format("release {} of {} was never completed", *to_release_, app),
                  hint);
    }
    if (const auto generation = history.rollback_target()) return *generation;
    return fail(ErrorKind::NotFound, fmt::format("{} has no earlier release to go back to", app), hint);
  }

  std::optional<std::string> to_release_;
  std::optional<int64_t> to_generation_;
};

}  // namespace

constinit const CommandEntry kRollbackCommand{"rollback", "Go back to the previous completed release",
                                              make_command<Rollback>,
                                              "  rollctl rollback web\n"
                                              "  rollctl rollback web --to v1 --no-hooks\n"};

}  // namespace rollctl
