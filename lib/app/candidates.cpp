// SPDX-License-Identifier: MIT
#include "app/candidates.h"

#include "app/app_source.h"
#include "app/file_logs.h"
#include "config/app_file.h"
#include "config/release_folders.h"
#include "state/journal_reader.h"

namespace rollctl {

namespace {

// Reading years of history would keep the user waiting.
constexpr size_t kMostChanges = 10'000;

enum class Of { Release, Generation };

// The releases or generations of completed changes.
std::set<std::string> completed(const Paths& paths, const std::string& app, Of what) {
  std::set<std::string> words;
  const auto history = read_history(paths.journal(app), Reach::changes(kMostChanges));
  if (!history) return words;
  for (const Change& change : history->changes) {
    if (change.outcome != Outcome::Deployed) continue;
    if (what == Of::Generation)
      words.insert(std::to_string(change.generation));
    else if (check_release_name(change.release))
      words.insert(change.release);
  }
  return words;
}

std::set<std::string> releases(const Paths& paths, const AppName& app) {
  std::set<std::string> words = completed(paths, app.name, Of::Release);
  if (const auto described = describe_app(paths, app, {}))
    words.merge(release_folders(described->config, app.name));
  return words;
}

}  // namespace

std::set<std::string> candidates(const Paths& paths, const std::string& kind, const std::string& app) {
  if (kind == "apps") {
    const auto apps = known_apps(paths).value_or(std::vector<std::string>());
    return {apps.begin(), apps.end()};
  }
  const auto name = app_name_of(paths, app);
  if (!name) return {};
  if (kind == "releases") return releases(paths, *name);
  if (kind == "deployed") return completed(paths, name->name, Of::Release);
  if (kind == "generations") return completed(paths, name->name, Of::Generation);
  std::set<std::string> words;
  if (kind == "instances")
    for (const InstanceId id : logged_instances(paths.logs(name->name))) words.insert(std::to_string(id));
  return words;
}

}  // namespace rollctl
