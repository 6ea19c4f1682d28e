// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "app/start_check.h"
#include "config/app_file.h"
#include "rollctl/change_command.h"
#include "rollctl/commands.h"

namespace rollctl {

namespace {

// Only then the kernel may keep the old sockets and the new ones apart.
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
                     "A label of the version; required where the app uses {release}");
    options.command_behind_dashes(this->options().app.command,
                                  "Behind `--`: the COMMAND of an app that has no app file.");
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
    request.previous = std::move(*current);
    return request;
  }

  Result<GenerationSpec> specify(const TargetApp& app, const History& history) const {
    GenerationSpec spec{app.name, release_, history.last_generation + 1, app.description->config};
    if (spec.release.empty()) {
      if (needs_release(spec.config))
        return fail(ErrorKind::Invalid,
                    fmt::format("{} uses {{release}}: which release is to be deployed?", app.name),
                    fmt::format("rollctl deploy {} RELEASE", app.name));
      spec.release = fmt::format("g{}", spec.generation);
    }
    if (Status named = check_release_name(spec.release); !named) return fail(named.error());
    return spec;
  }

  // How many shall serve: the option, what `scale` said as long as the file says the same as before, or the
  // file.
  [[nodiscard]] Result<int> instances_of(const AppConfig& config, const AppState& state,
                                         const std::optional<GenerationSpec>& current) const {
    if (call().options.app.instances) return call().options.app.instances->resolve();
    const int said = config.instances.resolve();
    const bool file_says_the_same = current &&
                                    current->config.instances.per_cpu == config.instances.per_cpu &&
                                    current->config.instances.number == config.instances.number;
    if (!file_says_the_same || state.history().instances == said) return said;
    // Only now it matters, and it may be long ago.
    const auto history = state.read_history(Reach::scaling());
    if (!history) return fail(history.error());
    return history->scaled_to.value_or(said);
  }

  std::string release_;
};

}  // namespace

constinit const CommandEntry kDeployCommand{"deploy", "Roll a release out", make_command<Deploy>};

}  // namespace rollctl
