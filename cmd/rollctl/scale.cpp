// SPDX-License-Identifier: MIT
#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

int run_scale(Context& context, const CommandLine& line) {
  return run_change(context, line, [&](ChangeSession& session, const AppName&) -> Result<WantedChange> {
    if (Status free = session.check_no_canary(); !free) return fail(free.error());
    auto running = session.running();
    if (!running) return fail(running.error());
    WantedChange wanted;
    const auto serving = session.count_serving();
    if (!serving) return fail(serving.error());
    if (session.history().instances == line.count && *serving == line.count) return wanted;
    wanted.request = request_for(line, session, *running);
    wanted.request->shape = RolloutRequest::Shape::TopUp;
    wanted.request->instances = line.count;
    wanted.request->previous = std::move(*running);
    return wanted;
  });
}

}  // namespace roll
