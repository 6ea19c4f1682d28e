// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

namespace {

Reach reach_of(const CommandLine& line) {
  if (line.to_generation) return Reach::generation(*line.to_generation);
  return line.to_release ? Reach::release(*line.to_release) : Reach::rollback();
}

Result<int64_t> target_of(const CommandLine& line, const History& history, const std::string& app) {
  if (line.to_generation) {
    if (history.completed(*line.to_generation) != nullptr) return *line.to_generation;
    return fail(ErrorKind::NotFound,
                fmt::format("generation {} of {} was never completed", *line.to_generation, app),
                fmt::format("see `rollctl history {}`", app));
  }
  if (line.to_release) {
    if (const auto generation = history.completed_generation_of(*line.to_release)) return *generation;
    return fail(ErrorKind::NotFound,
                fmt::format("release {} of {} was never completed", *line.to_release, app),
                fmt::format("see `rollctl history {}`", app));
  }
  if (const auto generation = history.rollback_target()) return *generation;
  return fail(ErrorKind::NotFound, fmt::format("there is no earlier release of {} to go back to", app),
              fmt::format("see `rollctl history {}`", app));
}

}  // namespace

int run_rollback(Context& context, const CommandLine& line) {
  return run_change(context, line, [&](ChangeSession& session, const AppName& app) -> Result<WantedChange> {
    const auto canary = session.state().canary();
    if (!canary) return fail(canary.error());
    if (*canary && (line.to_release || line.to_generation))
      return fail(session.state().check_no_canary().error());
    if (*canary) return withdraw_canary(line, session, **canary);
    const auto history = session.state().read_history(reach_of(line));
    if (!history) return fail(history.error());
    const auto target = target_of(line, *history, app.name);
    if (!target) return fail(target.error());
    auto spec = session.state().generation(*target);
    if (!spec) return fail(spec.error());
    auto current = session.state().current();
    if (!current) return fail(current.error());
    spec->generation = session.state().history().last_generation + 1;
    WantedChange wanted;
    wanted.request = request_for(line, session, std::move(*spec));
    wanted.request->returns_to = *target;
    wanted.request->previous = std::move(*current);
    return wanted;
  });
}

}  // namespace roll
