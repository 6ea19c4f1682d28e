// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "rollctl/launcher_choice.h"
#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

int run_restart(Context& context, const CommandLine& line) {
  return run_change(context, line,
                    [&](ChangeSession& session, const ChangedApp& app) -> Result<WantedChange> {
                      if (Status free = session.check_no_canary(); !free) return fail(free.error());
                      auto current = session.current();
                      if (!current) return fail(current.error());
                      if (!*current || session.history().wanted() == 0)
                        return fail(ErrorKind::Failed, fmt::format("{} does not run", app.name),
                                    fmt::format("rollctl {} {}", *current ? "start" : "deploy", app.name));
                      // As the app is described now: what changed since is what a restart is for.
                      GenerationSpec spec{app.name, (*current)->release,
                                          session.history().last_generation + 1, app.description->config};
                      if (const auto launcher = choose_launcher(spec.config); !launcher)
                        return fail(launcher.error());
                      if (const auto findings = check_against_host(spec); !findings.empty())
                        return fail(findings.front());
                      WantedChange wanted;
                      wanted.request = request_for(line, session, std::move(spec));
                      wanted.request->previous = std::move(*current);
                      return wanted;
                    });
}

}  // namespace roll
