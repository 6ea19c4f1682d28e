// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "app/start_check.h"
#include "config/app_file.h"
#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

namespace {

// How many shall serve: the option, what `scale` said as long as the file says the same as before, or the
// file.
Result<int> instances_of(const CommandLine& line, const AppConfig& config, ChangeSession& session,
                         const std::optional<GenerationSpec>& current) {
  if (line.traffic.instances) return line.traffic.instances->resolve();
  const int said = config.instances.resolve();
  const bool file_says_the_same = current && current->config.instances.per_cpu == config.instances.per_cpu &&
                                  current->config.instances.number == config.instances.number;
  if (!file_says_the_same || session.state().history().instances == said) return said;
  // Only now it matters, and it may be long ago.
  const auto history = session.state().read_history(Reach::scaling());
  if (!history) return fail(history.error());
  return history->scaled_to.value_or(said);
}

// Only then the kernel may keep the old sockets and the new ones apart.
bool opens_differently(const AppConfig& one, const AppConfig& other) {
  return one.user != other.user || one.group != other.group || one.listen != other.listen ||
         one.socket != other.socket;
}

}  // namespace

int run_deploy(Context& context, const CommandLine& line) {
  return run_change(context, line, [&](ChangeSession& session, const TargetApp& app) -> Result<WantedChange> {
    if (Status free = session.state().check_no_canary(); !free) return fail(free.error());
    GenerationSpec spec{app.name, line.release, session.state().history().last_generation + 1,
                        app.description->config};
    if (spec.release.empty()) {
      if (needs_release(spec.config))
        return fail(ErrorKind::Invalid,
                    fmt::format("{} uses {{release}}: which release is to be deployed?", app.name),
                    fmt::format("rollctl deploy {} RELEASE", app.name));
      spec.release = fmt::format("g{}", spec.generation);
    }
    if (Status named = check_release_name(spec.release); !named) return fail(named.error());
    if (const auto check = check_start(session.paths(), spec); !check.findings.empty())
      return fail(check.findings.front());

    auto current = session.state().current();
    if (!current) return fail(current.error());
    if (*current && session.state().history().wanted() > 0 &&
        opens_differently((*current)->config, spec.config))
      if (const auto findings = session.check_ports(spec.config); !findings.empty())
        return fail(findings.front());

    WantedChange wanted;
    const auto wished = instances_of(line, spec.config, session, *current);
    if (!wished) return fail(wished.error());
    const int instances = *wished;
    const History& history = session.state().history();
    if (!line.release.empty() && *current && (*current)->release == spec.release &&
        same_specification(**current, spec) && history.wanted() == instances) {
      const auto unchanged = session.state().serves_with(instances);
      if (!unchanged) return fail(unchanged.error());
      if (*unchanged) return wanted;
    }
    wanted.description = app.description;
    wanted.request = request_for(line, session, std::move(spec));
    wanted.request->instances = instances;
    wanted.request->previous = std::move(*current);
    return wanted;
  });
}

}  // namespace roll
