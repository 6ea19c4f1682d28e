// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

int run_scale(Context& context, const CommandLine& line) {
  return run_change(context, line, [&](ChangeSession& session, const AppName& app) -> Result<WantedChange> {
    if (Status free = session.check_no_canary(); !free) return fail(free.error());
    auto current = session.current();
    if (!current) return fail(current.error());
    if (!*current || session.history().wanted() == 0)
      return fail(ErrorKind::Failed, fmt::format("{} does not run", app.name),
                  fmt::format("rollctl {} {}", *current ? "start" : "deploy", app.name));
    WantedChange wanted;
    const auto serving = session.count_serving();
    if (!serving) return fail(serving.error());
    if (session.history().instances == line.count && *serving == line.count) return wanted;
    wanted.request = request_for(line, session, **current);
    wanted.request->shape = RolloutRequest::Shape::TopUp;
    wanted.request->instances = line.count;
    wanted.request->previous = std::move(*current);
    return wanted;
  });
}

}  // namespace roll
