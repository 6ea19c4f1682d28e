// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

int run_promote(Context& context, const CommandLine& line) {
  return run_change(context, line, [&](ChangeSession& session, const AppName& app) -> Result<WantedChange> {
    const auto canary = session.state().canary();
    if (!canary) return fail(canary.error());
    if (!*canary)
      return fail(ErrorKind::Failed, fmt::format("there is no canary of {} to promote", app.name),
                  fmt::format("rollctl deploy {} RELEASE --canary 10%", app.name));
    const StandingCanary& standing = **canary;
    const auto serves = session.state().canary_serves();
    if (!serves) return fail(serves.error());
    if (!*serves)
      return fail(
          ErrorKind::Failed,
          fmt::format("the canary of {} does not serve any more: it is not promoted", standing.release),
          fmt::format("see `rollctl logs {0}`, then `rollctl abort {0}`", app.name));
    auto spec = session.state().generation(standing.generation);
    if (!spec) return fail(spec.error());
    auto current = session.state().current();
    if (!current) return fail(current.error());
    WantedChange wanted;
    wanted.request = request_for(line, session, std::move(*spec));
    wanted.request->shape = RolloutRequest::Shape::Promote;
    wanted.request->instances = standing.instances;
    wanted.request->bake = Millis(0);  // it was watched long enough, somebody says
    wanted.request->previous = std::move(*current);
    return wanted;
  });
}

}  // namespace roll
