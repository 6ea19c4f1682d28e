// SPDX-License-Identifier: MIT
#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

int run_scale(Context& context, const CommandLine& line) {
  return run_change(context, line, [&](ChangeSession& session, const AppName&) -> Result<WantedChange> {
    if (Status free = session.state().check_no_canary(); !free) return fail(free.error());
    auto running = session.state().running();
    if (!running) return fail(running.error());
    WantedChange wanted;
    const auto unchanged = session.state().serves_with(line.count);
    if (!unchanged) return fail(unchanged.error());
    if (session.state().history().instances == line.count && *unchanged) return wanted;
    wanted.request = request_for(line, session, *running);
    wanted.request->shape = RolloutRequest::Shape::TopUp;
    wanted.request->instances = line.count;
    wanted.request->previous = std::move(*running);
    return wanted;
  });
}

}  // namespace roll
