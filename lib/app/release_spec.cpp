// SPDX-License-Identifier: MIT
#include "app/release_spec.h"

#include <fmt/format.h>

#include <utility>

#include "config/app_file.h"
#include "config/pinned_release.h"
#include "state/generations.h"
#include "state/journal_reader.h"

namespace rollctl {

Result<GenerationSpec> spec_for_deploy(const Paths& paths, const AppName& app, const History& history,
                                       const std::string& release) {
  const std::string& wanted = release.empty() ? history.current_release : release;
  if (wanted.empty())
    return fail(ErrorKind::Invalid, fmt::format("{} was never deployed: RELEASE is missing", app.name),
                "name the release that is to be deployed");
  ROLL_TRY(check_release_name(wanted));
  ROLL_TRY_ASSIGN(AppDescription description, describe_app(paths, app, {}));
  GenerationSpec spec{app.name, wanted, history.last_generation + 1, std::move(description.config)};
  pin_release(spec);
  return spec;
}

Result<GenerationSpec> spec_for_run(const Paths& paths, const AppName& app, const std::string& release) {
  ROLL_TRY_ASSIGN(const History history, read_history(paths.journal(app.name), Reach::state()));
  const bool is_current = history.current && (release.empty() || release == history.current_release);
  if (is_current) return load_generation(paths, app.name, *history.current);
  return spec_for_deploy(paths, app, history, release);
}

}  // namespace rollctl
