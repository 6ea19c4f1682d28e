// SPDX-License-Identifier: MIT
#include "app/app_removal.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/folder_removal.h"

namespace rollctl {

namespace {

constexpr Millis kPatience{5000};

}  // namespace

Status remove_app(ChangeSession& session, Observer& observer) {
  const std::string& app = session.state().app();
  const auto instances = session.state().count_instances();
  if (!instances) return fail(instances.error());
  if (*instances > 0)
    return fail(ErrorKind::Failed,
                fmt::format("cannot remove {}: it still has {} instance{}", app, *instances,
                            *instances == 1 ? "" : "s"),
                fmt::format("stop it first: rollctl stop {}", app));
  const Paths& paths = session.paths();
  for (const std::string& folder : {paths.state(app), paths.logs(app), paths.runtime(app)}) {
    if (const auto discarded = discard_folder(folder); !discarded) return fail(discarded.error());
    const std::string place = std::filesystem::path(folder).parent_path();
    if (clear_discarded(place, kPatience) == Cleared::InPart)
      observer.on_warning(fmt::format("some files of {} could not be removed; they are now in {}/{}*", folder,
                                      place, kDiscardedPrefix));
  }
  return {};
}

}  // namespace rollctl
