// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

int run_start(Context& context, const CommandLine& line) {
  return run_change(context, line, [&](ChangeSession& session, const AppName& app) -> Result<WantedChange> {
    auto current = session.state().current();
    if (!current) return fail(current.error());
    if (!*current)
      return fail(ErrorKind::NotFound, fmt::format("no release of {} was ever completed", app.name),
                  fmt::format("rollctl deploy {} RELEASE", app.name));
    WantedChange wanted;
    const auto unchanged = session.state().serves_with(session.state().history().instances);
    if (!unchanged) return fail(unchanged.error());
    if (!session.state().history().stopped && *unchanged) return wanted;
    wanted.request = request_for(line, session, **current);
    wanted.request->shape = RolloutRequest::Shape::TopUp;
    wanted.request->previous = std::move(*current);
    return wanted;
  });
}

}  // namespace roll
