// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/app_source.h"
#include "app/change_session.h"
#include "base/folder_removal.h"
#include "rollctl/exit_status.h"
#include "rollctl/verbs.h"

namespace roll {

namespace {

constexpr Millis kClearPatience{5000};

Status remove(Context& context, const CommandLine& line, Reporter& reporter) {
  const auto paths = Context::paths();
  if (!paths) return fail(paths.error());
  const auto app = app_name_of(*paths, line.app);
  if (!app) return fail(app.error());
  if (Status known = check_known(*paths, *app); !known) return known;
  auto session = ChangeSession::open(
      context.session_setting(*paths, app->name, ChangeSession::Access::Change, reporter));
  if (!session) return fail(session.error());
  const auto instances = (*session)->state().count_instances();
  if (!instances) return fail(instances.error());
  if (*instances > 0)
    return fail(ErrorKind::Failed,
                fmt::format("{} still has {} instance{}", app->name, *instances, *instances == 1 ? "" : "s"),
                fmt::format("rollctl stop {}, then remove it", app->name));
  for (const std::string& folder :
       {paths->state(app->name), paths->logs(app->name), paths->runtime(app->name)}) {
    if (const auto discarded = discard_folder(folder); !discarded) return fail(discarded.error());
    const std::string place = std::filesystem::path(folder).parent_path();
    if (clear_discarded(place, kClearPatience) == Cleared::InPart)
      reporter.on_warning(fmt::format("something of {} could not be removed yet, and lies in {}/{}*", folder,
                                      place, kDiscardedPrefix));
  }
  if (context.options().json) {
    context.print_json({{"v", 1}, {"app", app->name}, {"removed", true}});
  } else if (!context.options().quiet) {
    context.print({{{fmt::format("{}: its state, history and logs are gone", app->name)}}});
  }
  return {};
}

}  // namespace

int run_remove(Context& context, const CommandLine& line) {
  const auto reporter = context.reporter(line.app);
  const Status removed = remove(context, line, *reporter);
  return removed ? kDone : context.fail(removed.error());
}

}  // namespace roll
