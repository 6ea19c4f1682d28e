// SPDX-License-Identifier: MIT
#include "app/launcher_choice.h"
#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

int run_restart(Context& context, const CommandLine& line) {
  return run_change(context, line, [&](ChangeSession& session, const TargetApp& app) -> Result<WantedChange> {
    if (Status free = session.check_no_canary(); !free) return fail(free.error());
    auto running = session.running();
    if (!running) return fail(running.error());
    // As the app is described now: what changed since is what a restart is for.
    GenerationSpec spec{app.name, running->release, session.history().last_generation + 1,
                        app.description->config};
    if (const auto launcher = choose_launcher(spec.config); !launcher) return fail(launcher.error());
    if (const auto findings = check_against_host(spec); !findings.empty()) return fail(findings.front());
    WantedChange wanted;
    wanted.request = request_for(line, session, std::move(spec));
    wanted.request->previous = std::move(*running);
    return wanted;
  });
}

}  // namespace roll
