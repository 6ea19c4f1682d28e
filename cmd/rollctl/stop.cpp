// SPDX-License-Identifier: MIT
#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

int run_stop(Context& context, const CommandLine& line) {
  return run_change(context, line, [&](ChangeSession& session, const AppName& app) -> Result<WantedChange> {
    auto current = session.state().current();
    if (!current) return fail(current.error());
    const auto instances = session.state().count_instances();
    if (!instances) return fail(instances.error());
    WantedChange wanted;
    if (*instances == 0 && session.state().history().wanted() == 0) return wanted;
    wanted.request = request_for(line, session, *current ? **current : GenerationSpec{app.name, {}, 0, {}});
    wanted.request->shape = RolloutRequest::Shape::Stop;
    wanted.request->previous = std::move(*current);
    return wanted;
  });
}

}  // namespace roll
