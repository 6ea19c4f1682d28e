// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

Result<WantedChange> withdraw_canary(const CommandLine& line, ChangeSession& session,
                                     const StandingCanary& canary) {
  auto current = session.state().current();
  if (!current) return fail(current.error());
  if (!*current)
    return fail(ErrorKind::Failed, fmt::format("nothing serves beside the canary of {}", canary.release),
                fmt::format("rollctl stop {}", session.state().app()));
  WantedChange wanted;
  wanted.request = request_for(line, session, **current);
  wanted.request->shape = RolloutRequest::Shape::Withdraw;
  wanted.request->from = canary.release;
  wanted.request->hold = Millis(0);
  wanted.request->previous = std::move(*current);
  return wanted;
}

int run_abort(Context& context, const CommandLine& line) {
  return run_change(context, line, [&](ChangeSession& session, const AppName& app) -> Result<WantedChange> {
    const auto canary = session.state().canary();
    if (!canary) return fail(canary.error());
    if (!*canary)
      return fail(ErrorKind::Failed, fmt::format("there is no canary of {} to abort", app.name),
                  fmt::format("see `rollctl status {}`", app.name));
    return withdraw_canary(line, session, **canary);
  });
}

}  // namespace roll
