// SPDX-License-Identifier: MIT
#include "app/start_check.h"
#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

int run_restart(Context& context, const CommandLine& line) {
  return run_change(context, line, [&](ChangeSession& session, const TargetApp& app) -> Result<WantedChange> {
    if (Status free = session.state().check_no_canary(); !free) return fail(free.error());
    auto running = session.state().running();
    if (!running) return fail(running.error());
    // As the app is described now: what changed since is what a restart is for.
    GenerationSpec spec{app.name, running->release, session.state().history().last_generation + 1,
                        app.description->config};
    if (const auto check = check_start(session.paths(), spec); !check.findings.empty())
      return fail(check.findings.front());
    WantedChange wanted;
    wanted.request = request_for(line, session, std::move(spec));
    wanted.request->previous = std::move(*running);
    return wanted;
  });
}

}  // namespace roll
