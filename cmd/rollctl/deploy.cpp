// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "app/start_check.h"
#include "config/app_file.h"
#include "config/app_rules.h"
#include "config/pinned_release.h"
#include "rollctl/change_command.h"
#include "rollctl/commands.h"

namespace rollctl {

namespace {

// Only these settings can make the kernel put old and new sockets into different groups.
bool opens_differently(const AppConfig& one, const AppConfig& other) {
  return one.user != other.user || one.group != other.group || one.listen != other.listen ||
         one.socket != other.socket;
}

class Deploy final : public ChangeCommand {
 public:
  Deploy()
      : ChangeCommand(AppCommand::Deploy, MovingOptions::AppAndCanary | MovingOptions::kForReplacements) {}

 private:
  void declare_own(Options& options) override {
    options.argument("RELEASE", Options::Need::Optional, release_,
                     "Label of the version; required if the app file uses {release}");
    options.command_behind_dashes(this->options().app.command,
                                  "After `--`: the COMMAND of an app without an app file.");
  }

  Result<std::optional<RolloutRequest>> decide(ChangeSession& session, const TargetApp& app) override {
    AppState& state = session.state();
    const History& history = state.history();
    if (Status free = state.check_no_canary(); !free) return fail(free.error());
    auto spec = specify(app, history);
    if (!spec) return fail(spec.error());
    if (const auto check = check_start(session.paths(), *spec); !check.findings.empty())
      return fail(check.findings.front());

    auto current = state.current();
    if (!current) return fail(current.error());
    if (*current && history.wanted() > 0 && opens_differently((*current)->config, spec->config))
      if (const auto findings = session.check_ports(spec->config); !findings.empty())
        return fail(findings.front());

    const auto wished = instances_of(spec->config, state, *current);
    if (!wished) return fail(wished.error());
    const int instances = *wished;
    if (!release_.empty() && *current && (*current)->release == spec->release &&
        same_specification(**current, *spec) && history.wanted() == instances) {
      const auto unchanged = state.serves_with(instances);
      if (!unchanged) return fail(unchanged.error());
      if (*unchanged) return std::nullopt;
    }
    RolloutRequest request = request_for(call(), history, std::move(*spec));
    request.instances = instances;
    if (auto steps = check_canary_steps(request.canary, request.bake); !steps)
      return fail(with_context(steps.error(), "the canary"));
    request.previous = std::move(*current);
    return request;
  }

  Result<GenerationSpec> specify(const TargetApp& app, const History& history) const {
    GenerationSpec spec{app.name, release_, history.last_generation + 1, app.description->config};
    if (spec.release.empty()) {
      if (needs_release(spec.config))
        return fail(ErrorKind::Invalid,
                    fmt::format("the app file of {} uses {{release}}: RELEASE is missing", app.name),
                    fmt::format("rollctl deploy {} RELEASE", app.name));
      spec.release = fmt::format("g{}", spec.generation);
    }
    if (Status named = check_release_name(spec.release); !named) return fail(named.error());
    pin_release(spec);
    return spec;
  }

  // The wanted number: of the option; else of the last `scale`, if the app file has not changed since; else
  // of the app file.
  [[nodiscard]] Result<int> instances_of(const AppConfig& config, const AppState& state,
                                         const std::optional<GenerationSpec>& current) const {
    if (call().options.app.instances) return call().options.app.instances->resolve();
    const int said = config.instances.resolve();
    const bool file_says_the_same = current &&
                                    current->config.instances.per_cpu == config.instances.per_cpu &&
                                    current->config.instances.number == config.instances.number;
    if (!file_says_the_same || state.history().instances == said) return said;
    const auto history = state.read_history(Reach::scaling());
    if (!history) return fail(history.error());
    return history->scaled_to.value_or(said);
  }

  std::string release_;
};

}  // namespace

constinit const CommandEntry kDeployCommand{"deploy", "Roll out a release", make_command<Deploy>,
                                            "  rollctl deploy web v2\n"
                                            "  rollctl deploy web v2 --canary 1%,10%,50% --bake 5m\n"};

}  // namespace rollctl
